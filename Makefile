# SPDX-License-Identifier: Apache-2.0
# The short way in. CMake and Ninja do the work; `make help` lists what there is.

BUILD ?= build
CMAKE_FLAGS ?=

all: $(BUILD)/build.ninja ## Build everything into build/
	@ninja -C $(BUILD)

$(BUILD)/build.ninja: CMakeLists.txt
	@cmake -S . -B $(BUILD) -G Ninja $(CMAKE_FLAGS) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }; rm -f $(BUILD).log

clean: ## Remove what was built
	rm -rf $(BUILD) build-*

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

.PHONY: all clean help
