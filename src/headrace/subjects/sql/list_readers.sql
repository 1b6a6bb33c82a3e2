-- The projections whose builds read events of some types.
-- Index: projection_build_pkey, subscription_pkey.
SELECT DISTINCT build.projection
FROM headrace.projection_build AS build
JOIN headrace.subscription ON subscription.name = build.projection || '__' || build.build
WHERE build.state <> 'dropped'
  AND (subscription.types IS NULL OR subscription.types && $1::text[])
ORDER BY 1
