# SPDX-License-Identifier: Apache-2.0
# liboriel-agent.so: what LD_PRELOAD brings into a program. It finds liboriel beside itself.

room(agent LINKS room-base)
target_compile_options(room-agent PRIVATE -ftls-model=initial-exec)
target_include_directories(room-agent PRIVATE ${MICROHTTPD_INCLUDE_DIRS} ${CURL_INCLUDE_DIRS})

add_library(oriel-agent SHARED $<TARGET_OBJECTS:room-agent>)
set_target_properties(oriel-agent PROPERTIES
	LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/agent.map
	BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH $ORIGIN
	NO_SONAME ON)
target_link_options(oriel-agent PRIVATE
	-Wl,-z,nodelete -Wl,-z,now -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/agent.map)
if(TARGET oriel-shared)
	target_link_libraries(oriel-agent PRIVATE oriel-shared)
endif()
