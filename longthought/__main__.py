"""`python -m longthought`, which launchers such as `accelerate launch -m` need."""

from longthought.cli.main import main

main()
