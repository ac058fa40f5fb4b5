# liboriel-test.a: for tests of programs that record (oriel-test.h). The collector's reading half in one
# object, whose insides have no names outside it.

if(TARGET oriel-shared AND NOT ORIEL_SANITIZE)
	set(archive ${CMAKE_BINARY_DIR}/liboriel-test.a)
	set(rooms $<TARGET_FILE:room-collect> $<TARGET_FILE:room-model> $<TARGET_FILE:room-base>)
	add_library(witness-alone OBJECT ${CMAKE_CURRENT_LIST_DIR}/alone/symbols.c
		${CMAKE_CURRENT_LIST_DIR}/alone/json-line.c)
	add_custom_command(OUTPUT ${archive}
		COMMAND ${CMAKE_LINKER} -r -o liboriel-test-whole.o $<TARGET_OBJECTS:room-witness> $<TARGET_OBJECTS:witness-alone> --start-group ${rooms} --end-group
		COMMAND ${CMAKE_OBJCOPY} --localize-hidden liboriel-test-whole.o
		COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
		COMMAND ${CMAKE_AR} rcs ${archive} liboriel-test-whole.o
		DEPENDS $<TARGET_OBJECTS:room-witness> $<TARGET_OBJECTS:witness-alone> ${rooms}
		COMMAND_EXPAND_LISTS VERBATIM)
	add_custom_target(oriel-test-archive ALL DEPENDS ${archive})
	add_library(oriel-test INTERFACE)
	target_link_libraries(oriel-test INTERFACE ${archive} oriel-shared Threads::Threads m)
	add_dependencies(oriel-test oriel-test-archive)
endif()
