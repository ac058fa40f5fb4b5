# SPDX-License-Identifier: Apache-2.0
# The short way in. CMake and Ninja do the work; `make help` lists what there is.

BUILD ?= build
CMAKE_FLAGS ?=
PREFIX ?= /usr/local
DESTDIR ?=

all: $(BUILD)/build.ninja ## Build everything into build/
	@ninja -C $(BUILD)

# Only where something has to be made from nothing is it worth looking for what is missing.
$(BUILD)/build.ninja: CMakeLists.txt
	@test/setup -n build
	@cmake -S . -B $(BUILD) -G Ninja -DCMAKE_INSTALL_PREFIX=$(PREFIX) $(CMAKE_FLAGS) >$(BUILD).log 2>&1 \
		|| { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log

demo: ## Build, start a small shop under oriel, show a trace; Ctrl-C ends it
	@test/setup build demo
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@echo "Building ..."; ninja -C $(BUILD) --quiet
	@BUILD=$(BUILD) example/demo

check: ## Run every test there is; STEPS="unit stories" runs some
	@test/setup build check
	@BUILD=$(BUILD) test/run $(STEPS)

bench: ## Measure; prints a table
	@test/setup build bench
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet
	@BUILD=$(BUILD) bench/run $(FIGURES)

install: all ## Install into PREFIX (/usr/local), below DESTDIR
	@cmake -S . -B $(BUILD) -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@ninja -C $(BUILD) --quiet
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD) >$(BUILD)/install.log || { cat $(BUILD)/install.log; exit 1; }
	@echo "Installed into $(DESTDIR)$(PREFIX)."

format: ## Bring all C files into the form that CI wants
	@git ls-files '*.c' '*.h' | xargs clang-format -i

tidy: $(BUILD)/build.ninja ## Look for suspicious code with clang-tidy (slow)
	@git ls-files '*.c' ':!test/fuzz' ':!test/header.c' | xargs -P 2 -n 8 clang-tidy -p $(BUILD) --quiet 2>/dev/null

clean: ## Remove what was built
	rm -rf $(BUILD)

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: all demo check bench install format tidy clean help
