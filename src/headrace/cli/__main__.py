from headrace.cli.root import main

main()
