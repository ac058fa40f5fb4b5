# Four executables. `oriel` looks, sets up and execs: libc and little else, so that `oriel run` costs
# a service under a millisecond (with everything below it linked in, the dynamic linker alone takes
# 4 ms). `oriel-collect` is the collector; `oriel collect` execs it. `oriel-configure` reads
# configuration files for `oriel run`, `oriel-inspect` segments for `oriel inspect`.

file(GLOB oriel_sources CONFIGURE_DEPENDS cmd/*.c)
list(FILTER oriel_sources EXCLUDE REGEX "/test-[^/]*\\.c$")
add_executable(oriel ${oriel_sources} export/console-text.c store/trail.c)
target_link_libraries(oriel PRIVATE room-launch PkgConfig::JANSSON)
target_compile_definitions(room-launch PRIVATE
	ORIEL_LIBDIR="${CMAKE_INSTALL_FULL_LIBDIR}" ORIEL_LIBEXECDIR="${CMAKE_INSTALL_FULL_LIBEXECDIR}")
install(TARGETS oriel RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

if(TARGET room-collect AND TARGET room-export AND TARGET room-store AND TARGET room-view AND TARGET web-assets
		AND EXISTS ${CMAKE_SOURCE_DIR}/collect/collector.c)
	file(GLOB collect_sources CONFIGURE_DEPENDS cmd/collect/*.c)
	list(FILTER collect_sources EXCLUDE REGEX "/test-[^/]*\\.c$")
	add_executable(oriel-collect ${collect_sources})
	target_link_libraries(oriel-collect PRIVATE
		room-collect room-receive room-export room-view room-store room-launch web-assets Threads::Threads)
	install(TARGETS oriel-collect RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/oriel)
endif()

add_executable(oriel-configure cmd/configure/main.c)
target_link_libraries(oriel-configure PRIVATE room-configure)
install(TARGETS oriel-configure RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/oriel)

add_executable(oriel-inspect ${CMAKE_CURRENT_LIST_DIR}/inspect/main.c ${CMAKE_CURRENT_LIST_DIR}/terminal.c)
target_link_libraries(oriel-inspect PRIVATE room-collect Threads::Threads)
install(TARGETS oriel-inspect RUNTIME DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/oriel)

file(GLOB pages CONFIGURE_DEPENDS doc/man/*.1)
install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
