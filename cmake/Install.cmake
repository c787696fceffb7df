# The installed tree and the CMake package `tactic`. Two export sets, so that a program which only chooses needs no gRPC.
include(CMakePackageConfigHelpers)

set(cache_targets tactic_model tactic_wire tactic_table tactic_cache tactic_c tactic_cache_shared tactic_sdk tactic_host_runners)
set(client_targets tactic_messages tactic_stubs tactic_convert tactic_client tactic_c_link tactic_timing tactic_lease)
foreach(target IN LISTS cache_targets client_targets)
  string(REPLACE tactic_ "" name ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
endforeach()

install(TARGETS ${cache_targets} EXPORT tacticCacheTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ${client_targets} EXPORT tacticClientTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(folder proto/model client/cache client/c client/link client/c_link client/lease runners/sdk runners/host)
  install(DIRECTORY ${folder}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
install(DIRECTORY proto/tactic DESTINATION ${CMAKE_INSTALL_DATADIR}/tactic/proto FILES_MATCHING PATTERN "*.proto")
install(TARGETS tacticd tacticd-worker tacticctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tactic)
foreach(set Cache Client)
  install(EXPORT tactic${set}Targets NAMESPACE tactic:: DESTINATION ${package_dir})
endforeach()
configure_package_config_file(cmake/tacticConfig.cmake.in ${PROJECT_BINARY_DIR}/tacticConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tacticConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tacticConfig.cmake ${PROJECT_BINARY_DIR}/tacticConfigVersion.cmake
        DESTINATION ${package_dir})
