# SPDX-License-Identifier: Apache-2.0
# A file with a main is a program, build/bench/NAME; the others are what the programs share. They may
# use every room at home, and liboriel as a service would.

file(GLOB bench_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
set(bench_programs)
set(bench_parts)
foreach(source ${bench_sources})
	file(STRINGS ${source} main REGEX "^int main\\(")
	if(main)
		list(APPEND bench_programs ${source})
	else()
		list(APPEND bench_parts ${source})
	endif()
endforeach()
if(bench_parts)
	add_library(bench-parts STATIC EXCLUDE_FROM_ALL ${bench_parts})
endif()

set(bench_links)
foreach(target bench-parts room-view room-receive room-launch room-collect room-export room-store room-wire room-model
		room-base oriel-shared)
	if(TARGET ${target})
		list(APPEND bench_links ${target})
	endif()
endforeach()
add_custom_target(bench)
foreach(source ${bench_programs})
	get_filename_component(name ${source} NAME_WE)
	add_executable(bench-${name} EXCLUDE_FROM_ALL ${source})
	set_target_properties(bench-${name} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
	target_link_options(bench-${name} PRIVATE -Wl,--as-needed)
	target_link_libraries(bench-${name} PRIVATE ${bench_links} PkgConfig::MICROHTTPD PkgConfig::SQLITE
		Threads::Threads m)
	add_dependencies(bench bench-${name})
endforeach()

# Of the agent only what takes no library's place.
target_sources(bench-sql-statement PRIVATE ${CMAKE_SOURCE_DIR}/agent/database/database.c
	${CMAKE_SOURCE_DIR}/agent/database/connection.c ${CMAKE_SOURCE_DIR}/agent/database/slow.c
	${CMAKE_SOURCE_DIR}/agent/database/sql.c ${CMAKE_SOURCE_DIR}/agent/database/sql-known.c
	${CMAKE_SOURCE_DIR}/agent/database/sql-token.c)
target_sources(bench-redis-command PRIVATE ${CMAKE_SOURCE_DIR}/agent/database/database.c
	${CMAKE_SOURCE_DIR}/agent/database/connection.c ${CMAKE_SOURCE_DIR}/agent/database/slow.c
	${CMAKE_SOURCE_DIR}/agent/libraries/redis-command.c)
