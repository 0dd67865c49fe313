"""`python -m toolchain` is `chipcast`."""

from toolchain.cli.main import main

main()
