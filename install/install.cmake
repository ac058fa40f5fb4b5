# SPDX-License-Identifier: Apache-2.0
# What `make install` puts where: the command, both libraries, the header, and how a build finds them
# (pkg-config and CMake). The agent and liboriel lie in one folder, because one finds the other there.

include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Oriel)

if(TARGET oriel-shared)
	set_target_properties(oriel-shared PROPERTIES EXPORT_NAME oriel)
	target_include_directories(oriel-shared INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
	install(TARGETS oriel-shared EXPORT OrielTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
	install(EXPORT OrielTargets NAMESPACE Oriel:: DESTINATION ${package})
	install(FILES include/oriel.h include/oriel-scope.h include/oriel-bootstrap.h include/oriel-export.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

	configure_package_config_file(install/OrielConfig.cmake.in ${CMAKE_BINARY_DIR}/OrielConfig.cmake
		INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
	write_basic_package_version_file(${CMAKE_BINARY_DIR}/OrielConfigVersion.cmake
		COMPATIBILITY SameMinorVersion)
	install(FILES ${CMAKE_BINARY_DIR}/OrielConfig.cmake ${CMAKE_BINARY_DIR}/OrielConfigVersion.cmake
		DESTINATION ${package})

	file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
	string(REGEX REPLACE "/$" "" up ${up})
	configure_file(install/oriel.pc.in ${CMAKE_BINARY_DIR}/oriel.pc @ONLY)
	install(FILES ${CMAKE_BINARY_DIR}/oriel.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
if(TARGET oriel-static)
	install(FILES ${CMAKE_BINARY_DIR}/liboriel.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET oriel-test)
	install(FILES ${CMAKE_BINARY_DIR}/liboriel-test.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
	install(FILES include/oriel-test.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
	configure_file(install/oriel-test.pc.in ${CMAKE_BINARY_DIR}/oriel-test.pc @ONLY)
	install(FILES ${CMAKE_BINARY_DIR}/oriel-test.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
if(TARGET oriel-agent)
	# Oriel::agent is for programs that are linked with it; what it loads beside itself isn't.
	set_target_properties(oriel-agent PROPERTIES EXPORT_NAME agent)
	target_include_directories(oriel-agent INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
	install(TARGETS oriel-agent EXPORT OrielTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
	install(TARGETS oriel-audit oriel-first LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
	install(FILES include/oriel-agent.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
	configure_file(install/oriel-agent.pc.in ${CMAKE_BINARY_DIR}/oriel-agent.pc @ONLY)
	install(FILES ${CMAKE_BINARY_DIR}/oriel-agent.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

foreach(section 1 3 5 7)
	file(GLOB pages CONFIGURE_DEPENDS doc/man/*.${section})
	install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
