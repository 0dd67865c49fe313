# make demo   set everything up, then run the main job: examples/digits on a simulated Cortex-M4
# make test   set everything up, then every check and every test
# make bench  set everything up, then instructions, estimated cycles and memory of every benchmark model;
#             `make bench ARGS=--json` for a program to read, ARGS="kws ad" for some of them
# make bench-sparsity  what zeros in the weights buy, written to docs/sparsity.md (some minutes)
# make docs   write docs/operators.md and docs/boards.md again
# make recipes  run the recipes on the examples, and write the tables of docs/recipes.md again (an hour; it may be
#             interrupted and goes on); `make recipes ARGS="gestures --only 'low rank'"` for some of them
# make setup  only the set-up; a second call does nothing

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
RP2040JS := 1.4.1
NODE := $(or $(CHIPCAST_NODE_DIR),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/chipcast/node)
PICO := $(NODE)/node_modules/rp2040js/package.json
DIGITS := examples/digits/digits.keras

.PHONY: demo test bench bench-sparsity docs lint format setup packages clean recipes

demo: setup $(DIGITS)
	$(BIN)/chipcast deploy examples/digits/deploy.toml

$(DIGITS): examples/digits/train.py | setup
	$(BIN)/python $<

test: lint
	$(BIN)/python -m pytest -n 2 --dist worksteal

bench: setup $(DIGITS)
	$(BIN)/python -m tests.bench $(ARGS)

bench-sparsity: setup
	$(BIN)/python -m tests.bench.sparsity docs/sparsity.md

docs: setup
	$(BIN)/python -m toolchain.compile.operator_docs docs/operators.md
	$(BIN)/python -m toolchain.load.board_docs docs/boards.md

recipes: setup
	$(BIN)/python examples/measure_recipes.py $(ARGS)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: setup
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

setup: packages $(PICO) $(READY)

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "chipcast needs Python 3.11 or newer"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[keras,images,examples,dev]'
	touch $@

# The emulator of the Raspberry Pi Pico, where npm is there to fetch it; its board's tests are skipped otherwise.
$(PICO):
	@if command -v npm >/dev/null; then npm install --silent --no-audit --no-fund --fetch-retries 1 --prefix $(NODE) rp2040js@$(RP2040JS) || \
	    echo "rp2040js could not be fetched; the tests of sim_pico are skipped"; \
	else echo "npm is not there; the tests of sim_pico are skipped"; fi

# Debian's packages for the simulated boards: installed when they are missing and may be, else named.
packages:
	@missing=""; \
	command -v cc >/dev/null || missing="$$missing gcc libc6-dev"; \
	command -v g++ >/dev/null || missing="$$missing g++"; \
	command -v clang >/dev/null || missing="$$missing clang libclang-rt-dev"; \
	command -v arm-none-eabi-gcc >/dev/null || missing="$$missing gcc-arm-none-eabi libnewlib-arm-none-eabi"; \
	test -d /usr/lib/arm-none-eabi/include/c++ || test -d /usr/include/newlib/c++ || missing="$$missing libstdc++-arm-none-eabi-newlib"; \
	command -v riscv64-unknown-elf-gcc >/dev/null || missing="$$missing gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"; \
	command -v qemu-system-riscv32 >/dev/null || missing="$$missing qemu-system-misc"; \
	command -v avr-gcc >/dev/null || missing="$$missing gcc-avr avr-libc"; \
	test -d /usr/share/arduino/hardware/arduino/avr || missing="$$missing arduino-core-avr"; \
	test -f /usr/include/simavr/sim_avr.h || missing="$$missing libsimavr-dev"; \
	command -v qemu-system-arm >/dev/null || missing="$$missing qemu-system-arm"; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || missing="$$missing python3-venv"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	install="apt-get update -qq && apt-get install -y --no-install-recommends$$missing"; \
	if [ "$$(id -u)" = 0 ]; then \
	    echo "Installing$$missing"; DEBIAN_FRONTEND=noninteractive sh -c "$$install" >/dev/null; \
	elif sudo -n true 2>/dev/null; then \
	    echo "Installing$$missing"; sudo DEBIAN_FRONTEND=noninteractive sh -c "$$install" >/dev/null; \
	else \
	    echo "Packages are missing. Please run:"; \
	    echo "    sudo apt-get install --no-install-recommends$$missing"; exit 1; \
	fi

clean:
	rm -rf out .pytest_cache .mypy_cache .ruff_cache .hypothesis
