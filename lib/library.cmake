# liboriel: the guest. A shared library that can't be unloaded, and an archive whose insides have no
# names outside it: partially linked, hidden symbols made local, so it never collides with a program.

target_compile_definitions(room-lib PRIVATE ORIEL_BINDIR="${CMAKE_INSTALL_FULL_BINDIR}")
target_compile_options(room-lib PRIVATE -O2 ${GUEST_OPTIONS})

# What it takes of base/ that isn't a header, and unwind/.
file(GLOB unwind_sources CONFIGURE_DEPENDS unwind/*.c)
list(FILTER unwind_sources EXCLUDE REGEX "/test-[^/]*\\.c$")
add_library(guest-base OBJECT base/pattern.c base/pattern-compile.c base/exclusion.c base/sampling.c base/view.c
	base/decimal.c base/trace-state.c base/redact.c base/redact-key.c base/redact-text.c base/redact-find.c base/redact-loud.c
	${unwind_sources})
target_compile_options(guest-base PRIVATE -O2)

add_library(oriel-shared SHARED $<TARGET_OBJECTS:room-lib> $<TARGET_OBJECTS:guest-base>)
set_target_properties(oriel-shared PROPERTIES OUTPUT_NAME oriel VERSION ${PROJECT_VERSION} SOVERSION 0)
target_link_options(oriel-shared PRIVATE -Wl,-z,nodelete -Wl,-z,now -Wl,-z,start-stop-visibility=hidden -Wl,--no-undefined -Wl,--as-needed)
set_property(TARGET oriel-shared PROPERTY LINKER_LANGUAGE C)

if(NOT ORIEL_SANITIZE)
	set(archive ${CMAKE_BINARY_DIR}/liboriel.a)
	add_custom_command(OUTPUT ${archive}
		COMMAND ${CMAKE_LINKER} -r -o liboriel-whole.o $<TARGET_OBJECTS:room-lib> $<TARGET_OBJECTS:guest-base>
		COMMAND ${CMAKE_OBJCOPY} --localize-hidden liboriel-whole.o
		COMMAND ${CMAKE_COMMAND} -E rm -f ${archive}
		COMMAND ${CMAKE_AR} rcs ${archive} liboriel-whole.o
		DEPENDS $<TARGET_OBJECTS:room-lib> $<TARGET_OBJECTS:guest-base>
		COMMAND_EXPAND_LISTS VERBATIM)
	add_custom_target(oriel-static ALL DEPENDS ${archive})
endif()
