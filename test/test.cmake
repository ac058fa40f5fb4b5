# SPDX-License-Identifier: Apache-2.0
# What the tests need beside the unit tests: programs for the stories to watch, and fuzz targets.
# A file is a program; adding one needs no line here.

# programs/NAME.c becomes build/programs/NAME. They may use any of these libraries; one that a
# program doesn't call isn't linked, so a program without Oriel calls is one.
# Debian has no headers of ulfius that stand beside libcurl4-openssl-dev; its library is enough.
find_file(ULFIUS_FILE libulfius.so.2.7 PATHS ${CURL_LIBDIR}
	PATH_SUFFIXES lib lib/${CMAKE_LIBRARY_ARCHITECTURE})
file(GLOB programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/programs/*.c)
foreach(source ${programs})
	get_filename_component(name ${source} NAME_WE)
	if(TARGET program-${name})
		continue()
	endif()
	if(name STREQUAL "ulfius-server" AND NOT ULFIUS_FILE)
		continue()
	endif()
	add_executable(program-${name} ${source})
	set_target_properties(program-${name} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs)
	target_link_options(program-${name} PRIVATE -Wl,--as-needed)
	target_link_libraries(program-${name} PRIVATE $<TARGET_NAME_IF_EXISTS:oriel-shared>
		$<TARGET_NAME_IF_EXISTS:room-export>
		PkgConfig::PQ PkgConfig::MARIADB
		PkgConfig::HIREDIS PkgConfig::RDKAFKA PkgConfig::MONGOC
		PkgConfig::MICROHTTPD PkgConfig::CURL PkgConfig::SQLITE event_core event_extra civetweb fcgi uv
		$<$<STREQUAL:${name},ulfius-server>:${ULFIUS_FILE}> Threads::Threads dl m)
endforeach()

# The same as a distribution builds its packages: calls with their fortified names.
add_executable(program-writes-fortified ${CMAKE_CURRENT_LIST_DIR}/programs/writes.c)
set_target_properties(program-writes-fortified PROPERTIES OUTPUT_NAME writes-fortified
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs)
if(NOT ORIEL_SANITIZE)
	target_compile_options(program-writes-fortified PRIVATE -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
target_link_libraries(program-writes-fortified PRIVATE Threads::Threads dl)

# programs/exporters/NAME.c are exporters of one's own, build/programs/exporters/NAME.so.
add_library(exporter-mine MODULE ${CMAKE_CURRENT_LIST_DIR}/programs/exporters/mine.c)
set_target_properties(exporter-mine PROPERTIES PREFIX "" OUTPUT_NAME mine
	LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs/exporters)

# programs/bootstrap/NAME.c are hooks, build/programs/bootstrap/NAME.so; and shows.c again, with a
# library of its own, and with a hook in it that is exported, that isn't, and that -loriel refers to.
set(hooks ${CMAKE_CURRENT_LIST_DIR}/programs/bootstrap)
foreach(name does nothing needs library)
	add_library(hook-${name} MODULE ${hooks}/${name}.c)
	set_target_properties(hook-${name} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
		LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs/bootstrap)
	target_compile_options(hook-${name} PRIVATE -O0)
	target_link_libraries(hook-${name} PRIVATE Threads::Threads)
endforeach()
foreach(name library exported hidden referred)
	set(target program-shows-${name})
	add_executable(${target} ${CMAKE_CURRENT_LIST_DIR}/programs/shows.c)
	set_target_properties(${target} PROPERTIES OUTPUT_NAME shows-${name}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/programs/bootstrap)
	if(name STREQUAL "library")
		target_link_options(${target} PRIVATE -Wl,--no-as-needed $<TARGET_FILE:hook-library>)
		add_dependencies(${target} hook-library)
	else()
		target_sources(${target} PRIVATE ${hooks}/does.c)
		target_link_libraries(${target} PRIVATE Threads::Threads)
	endif()
endforeach()
target_link_options(program-shows-exported PRIVATE -rdynamic)
target_link_options(program-shows-referred PRIVATE -Wl,--no-as-needed)
target_link_libraries(program-shows-referred PRIVATE $<TARGET_NAME_IF_EXISTS:oriel-shared>)

# fuzz/fuzz-NOUN.c becomes build/fuzz/NOUN, all of them by the target `fuzz`. They see every room.
if(ORIEL_FUZZ)
	set(rooms)
	foreach(room configure agent receive view launch collect export store lib symbol unwind wire model base)
		if(TARGET room-${room})
			list(APPEND rooms room-${room})
		endif()
	endforeach()
	add_custom_target(fuzz)
	file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/fuzz/fuzz-*.c)
	foreach(source ${targets})
		get_filename_component(target ${source} NAME_WE)
		string(REGEX REPLACE "^fuzz-" "" name ${target})
		add_executable(${target} EXCLUDE_FROM_ALL ${source})
		set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
			RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
		target_compile_options(${target} PRIVATE -Wno-missing-prototypes)
		target_link_options(${target} PRIVATE -fsanitize=fuzzer)
		target_link_libraries(${target} PRIVATE ${rooms} Threads::Threads)
		add_dependencies(fuzz ${target})
	endforeach()
endif()
