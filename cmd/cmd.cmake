# Two executables. `oriel` looks, sets up and execs: libc alone, so that `oriel run` costs a service
# under a millisecond (with everything below it linked in, the dynamic linker alone takes 4 ms).
# `oriel-collect` is the collector; `oriel collect` execs it.

file(GLOB oriel_sources CONFIGURE_DEPENDS cmd/*.c)
list(FILTER oriel_sources EXCLUDE REGEX "/test-[^/]*\\.c$")
add_executable(oriel ${oriel_sources})
target_link_libraries(oriel PRIVATE room-launch)
target_compile_definitions(room-launch PRIVATE
	ORIEL_LIBDIR="${CMAKE_INSTALL_FULL_LIBDIR}" ORIEL_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}")
install(TARGETS oriel RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
