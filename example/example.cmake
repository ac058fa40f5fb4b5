# SPDX-License-Identifier: Apache-2.0
# The examples as anyone would build them. storefront links nothing of Oriel's.

function(example NAME)
	add_executable(example-${NAME} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${NAME}.c)
	set_target_properties(example-${NAME} PROPERTIES OUTPUT_NAME ${NAME}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/example)
	target_link_libraries(example-${NAME} PRIVATE ${ARGN})
endfunction()

example(storefront PkgConfig::MICROHTTPD PkgConfig::CURL PkgConfig::SQLITE)
if(TARGET oriel-shared)
	example(stock oriel-shared PkgConfig::MICROHTTPD PkgConfig::SQLITE)
	target_sources(example-stock PRIVATE ${CMAKE_CURRENT_LIST_DIR}/warehouse.c)
	example(first oriel-shared)
	foreach(NAME requests sampling prometheus whole)
		example(${NAME} oriel-shared PkgConfig::MICROHTTPD PkgConfig::CURL PkgConfig::SQLITE)
		target_sources(example-${NAME} PRIVATE ${CMAKE_CURRENT_LIST_DIR}/serve.c)
	endforeach()
endif()
if(TARGET oriel-test)
	example(orders-test oriel-test)
	add_test(NAME example/orders-test COMMAND example-orders-test)
endif()
