# What an installed Hawser consists of: headers, both libraries, the tool and
# its page, and what pkg-config and CMake need to find them.
if(NOT TARGET hawser)
    return()
endif()
include(CMakePackageConfigHelpers)

install(TARGETS hawser hawser_static EXPORT HawserTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/hawser DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
if(TARGET hawser_tool)
    install(TARGETS hawser_tool DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(TARGET hawser_conformance)
    install(TARGETS hawser_conformance DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/hawser.1)
    install(FILES docs/hawser.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Hawser)
install(EXPORT HawserTargets NAMESPACE Hawser:: DESTINATION ${package_folder})
configure_package_config_file(cmake/HawserConfig.cmake.in HawserConfig.cmake
    INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(HawserConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/HawserConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/HawserConfigVersion.cmake
    DESTINATION ${package_folder})

# An absolute folder stays; another one follows the prefix.
cmake_path(APPEND pc_libdir "\${prefix}" ${CMAKE_INSTALL_LIBDIR})
cmake_path(APPEND pc_includedir "\${prefix}" ${CMAKE_INSTALL_INCLUDEDIR})
configure_file(cmake/hawser.pc.in hawser.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/hawser.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
