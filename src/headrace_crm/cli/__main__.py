from headrace_crm.cli.root import main

main()
