# The page: checked by tsc where there is one, bundled by esbuild, packed and written as a C table.
# Debian's own esbuild is all that it needs; there is no npm in here.

find_program(ESBUILD esbuild)
find_program(TSC tsc)
if(NOT ESBUILD)
	message(WARNING "esbuild is not installed: the page can't be built (apt-get install esbuild)")
	return()
endif()

set(web_from ${CMAKE_SOURCE_DIR}/web)
set(web_to ${CMAKE_BINARY_DIR}/web)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web_from}/src/*)
set(web_check)
if(TSC)
	set(web_check COMMAND ${TSC} --project ${web_from}/tsconfig.json)
endif()

add_custom_command(
	OUTPUT ${CMAKE_BINARY_DIR}/web-assets.c
	BYPRODUCTS ${web_to}/index.html ${web_to}/icon.svg ${web_to}/app.js ${web_to}/app.css
	${web_check}
	COMMAND ${ESBUILD} ${web_from}/src/main.ts ${web_from}/src/app.css --bundle --minify --target=es2020
		--format=iife --charset=utf8 --log-level=warning --entry-names=[name] --outdir=${web_to}
	COMMAND ${CMAKE_COMMAND} -E rename ${web_to}/main.js ${web_to}/app.js
	COMMAND ${CMAKE_COMMAND} -E copy ${web_from}/src/index.html ${web_from}/src/icon.svg ${web_to}
	COMMAND ${CMAKE_COMMAND} -D FROM=${web_to} -D OUT=${CMAKE_BINARY_DIR}/web-assets.c -P ${web_from}/embed.cmake
	DEPENDS ${web_sources} ${web_from}/tsconfig.json ${web_from}/embed.cmake
	COMMENT "Building the page"
	VERBATIM)

add_library(web-assets STATIC ${CMAKE_BINARY_DIR}/web-assets.c)

# The pure half of the page, by node's own test runner (18 or later).
find_program(NODE node)
if(NODE)
	file(GLOB web_tests CONFIGURE_DEPENDS ${web_from}/test/*.test.ts)
	add_test(NAME web/page COMMAND ${CMAKE_COMMAND} -D ESBUILD=${ESBUILD} -D NODE=${NODE}
		-D "TESTS=${web_tests}" -D OUT=${CMAKE_BINARY_DIR}/web-test -P ${web_from}/test.cmake)
endif()
