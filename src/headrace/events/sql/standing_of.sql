-- What a subscription is and how far: a build of a projection, a relay, paused; and its furthest lane.
-- Index: subscription_pkey, checkpoint_pkey; the few builds are looked through.
SELECT subscription.is_relay, subscription.paused_at IS NOT NULL AS is_paused,
       (SELECT build.projection FROM headrace.projection_build AS build
        WHERE build.projection || '__' || build.build = subscription.name AND build.state <> 'dropped') AS projection,
       (SELECT min(checkpoint.position) FROM headrace.checkpoint WHERE checkpoint.subscription = subscription.name) AS position,
       (SELECT count(*) FROM headrace.parked_event WHERE parked_event.subscription = subscription.name) AS parked_count
FROM headrace.subscription WHERE subscription.name = $1
