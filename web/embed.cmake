# cmake -D FROM=folder -D OUT=file.c -P embed.cmake: the page's files as view_assets[] (view/assets.h).
#
# Names don't change with their content, so nothing is marked immutable: the etag makes a visit that
# finds nothing new cost a 304. gzip -n leaves out name and time, so equal sources give equal bytes.

find_program(GZIP gzip REQUIRED)
set(files index.html app.js app.css icon.svg)
set(types "text/html" "text/javascript" "text/css" "image/svg+xml")
set(arrays "")
set(rows "")

foreach(file type IN ZIP_LISTS files types)
	execute_process(COMMAND ${GZIP} -9nc ${FROM}/${file} OUTPUT_FILE ${FROM}/${file}.gz COMMAND_ERROR_IS_FATAL ANY)
	file(READ ${FROM}/${file}.gz bytes HEX)
	file(SHA256 ${FROM}/${file}.gz etag)
	file(SIZE ${FROM}/${file}.gz size)
	string(SUBSTRING ${etag} 0 16 etag)
	string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
	string(MAKE_C_IDENTIFIER ${file} name)
	set(path "/${file}")
	if(file STREQUAL "index.html")
		set(path "/")
	endif()
	string(APPEND arrays "static const unsigned char ${name}[${size}] = {\n${bytes}\n};\n\n")
	string(APPEND rows "\t{ \"${path}\", \"${type}; charset=utf-8\", ${name}, sizeof(${name}), \"\\\"${etag}\\\"\", false },\n")
endforeach()

file(WRITE ${OUT} "/* Written by web/embed.cmake from the files in web/src. */
#include \"view/assets.h\"

${arrays}const struct view_asset view_assets[] = {
${rows}	{ 0 },
};
")
