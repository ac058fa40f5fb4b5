# SPDX-License-Identifier: Apache-2.0
# liboriel-agent.so: what LD_PRELOAD brings into a program. It finds liboriel beside itself.

room(agent FOLDERS http sockets database libraries bootstrap logs LINKS room-base)
# What was just written by words is read by words, as lib/context.h says; and nothing is filled up to some
# boundary: there are few loops, and much that is passed once in a request.
set(AGENT_OPTIONS ${GUEST_OPTIONS} -fno-tree-slp-vectorize)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	list(APPEND AGENT_OPTIONS -falign-functions=1 -falign-jumps=1 -falign-labels=1 -falign-loops=1)
endif()
target_compile_options(room-agent PRIVATE ${AGENT_OPTIONS})
target_include_directories(room-agent PRIVATE ${MICROHTTPD_INCLUDE_DIRS} ${CURL_INCLUDE_DIRS})
target_include_directories(room-agent PRIVATE ${PQ_INCLUDE_DIRS} ${MARIADB_INCLUDE_DIRS} ${MONGOC_INCLUDE_DIRS})

add_library(oriel-agent SHARED $<TARGET_OBJECTS:room-agent>)
set_target_properties(oriel-agent PROPERTIES
	LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/agent.map
	BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH $ORIGIN)
target_link_options(oriel-agent PRIVATE
	-Wl,-z,nodelete -Wl,-z,now -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/agent.map
	-Wl,--no-undefined)
target_link_libraries(oriel-agent PRIVATE room-base)
if(TARGET oriel-shared)
	target_link_libraries(oriel-agent PRIVATE oriel-shared)
endif()

# Functions of libc itself that the agent takes the place of: not in the archive, where a test's program
# would find them instead of its own.
enable_language(ASM)
file(GLOB preload CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/preload/*.c ${CMAKE_CURRENT_LIST_DIR}/preload/*.S)
target_sources(oriel-agent PRIVATE ${preload})
target_compile_options(oriel-agent PRIVATE ${AGENT_OPTIONS})

# liboriel-first.so: loaded beside it where there is a bootstrap hook to run before all constructors.
add_library(oriel-first SHARED ${CMAKE_CURRENT_LIST_DIR}/first/first.c)
set_target_properties(oriel-first PROPERTIES NO_SONAME ON)
target_link_options(oriel-first PRIVATE -Wl,-z,initfirst -Wl,-z,nodelete -Wl,-z,now)

# liboriel-audit.so: beside it as well. No libc, and so nothing that a sanitizer or the compiler adds.
add_library(oriel-audit SHARED ${CMAKE_CURRENT_LIST_DIR}/audit/audit.c ${CMAKE_CURRENT_LIST_DIR}/audit/heap.c
				  ${CMAKE_CURRENT_LIST_DIR}/symbols.c)
set_target_properties(oriel-audit PROPERTIES NO_SONAME ON)
target_compile_options(oriel-audit PRIVATE -O2 -ffreestanding -fno-builtin -fno-stack-protector -fno-sanitize=all
	-U_FORTIFY_SOURCE $<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)
target_link_options(oriel-audit PRIVATE -nostdlib -fno-sanitize=all -Wl,--no-undefined -Wl,-z,now)

# A program that is linked with it; it must come before the libraries that it watches.
add_executable(program-linked ${CMAKE_SOURCE_DIR}/test/programs/linked.c)
set_target_properties(program-linked PROPERTIES OUTPUT_NAME linked
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs)
target_link_libraries(program-linked PRIVATE oriel-agent PkgConfig::SQLITE Threads::Threads)

# The plugins of test/programs/plugin.c, one for each of Debian's libcurls. GnuTLS's has no headers of
# its own here; its functions are the same but for their versions.
find_file(CURL_GNUTLS_FILE libcurl-gnutls.so.4 PATHS ${CURL_LIBDIR} PATH_SUFFIXES lib lib/${CMAKE_LIBRARY_ARCHITECTURE})
foreach(flavour openssl gnutls)
	if(flavour STREQUAL "gnutls" AND NOT CURL_GNUTLS_FILE)
		continue()
	endif()
	add_library(plugin-${flavour} MODULE ${CMAKE_SOURCE_DIR}/test/programs/plugin.c)
	set_target_properties(plugin-${flavour} PROPERTIES PREFIX ""
		LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs)
	target_compile_definitions(plugin-${flavour} PRIVATE PLUGIN)
	target_compile_options(plugin-${flavour} PRIVATE -fvisibility=default)
	target_link_libraries(plugin-${flavour} PRIVATE PkgConfig::SQLITE
		$<IF:$<STREQUAL:${flavour},gnutls>,${CURL_GNUTLS_FILE},PkgConfig::CURL>)
endforeach()
