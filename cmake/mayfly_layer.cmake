# mayfly_layer(<name> [SOURCES ...] [MAY_USE <layer>...] [LIBRARIES <library target>...])
#
# One static library per folder. MAY_USE is the folder's row in docs/architecture.md; naming a layer
# that is configured later (or not at all) stops configure, so no arrow can point the wrong way.
# LIBRARIES are third-party targets; each is allowed in one layer only (mayfly_allowed_libraries).

set(mayfly_allowed_libraries_crypto PkgConfig::OPENSSL PkgConfig::SODIUM)
set(mayfly_allowed_libraries_attest_collect PkgConfig::TSS2)
set(mayfly_allowed_libraries_executor PkgConfig::SECCOMP)
set(mayfly_allowed_libraries_gateway PkgConfig::CURL)
set(mayfly_allowed_libraries_store PkgConfig::SQLITE)
set(mayfly_allowed_libraries_api PkgConfig::HTTPLIB)
set(mayfly_allowed_libraries_cli "")

set_property(GLOBAL PROPERTY mayfly_layers "")

function(mayfly_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 LAYER "" "" "SOURCES;MAY_USE;LIBRARIES")
  if(LAYER_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "mayfly_layer(${name}): unknown arguments ${LAYER_UNPARSED_ARGUMENTS}")
  endif()
  get_property(layers_above GLOBAL PROPERTY mayfly_layers)
  foreach(used IN LISTS LAYER_MAY_USE)
    if(NOT used IN_LIST layers_above)
      message(FATAL_ERROR
        "mayfly_layer(${name}): the arrow ${name} -> ${used} points the wrong way; "
        "${name} may use only layers configured before it: ${layers_above}")
    endif()
  endforeach()
  foreach(library IN LISTS LAYER_LIBRARIES)
    if(NOT library IN_LIST mayfly_allowed_libraries_${name}
       AND NOT library STREQUAL "Threads::Threads")
      message(FATAL_ERROR "mayfly_layer(${name}): ${library} is not allowed in this layer")
    endif()
  endforeach()

  if(LAYER_SOURCES)
    add_library(mayfly_${name} STATIC ${LAYER_SOURCES})
    mayfly_precompile(mayfly_${name} mayfly_layer_headers)
    set(scope PUBLIC)
    target_link_libraries(mayfly_${name} PRIVATE mayfly_warnings)
  else()
    add_library(mayfly_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_link_libraries(mayfly_${name} ${scope} mayfly_options)
  list(TRANSFORM LAYER_MAY_USE PREPEND mayfly_ OUTPUT_VARIABLE used_targets)
  target_link_libraries(mayfly_${name} ${scope} ${used_targets})
  if(LAYER_LIBRARIES)
    # PRIVATE: a third-party header never leaks through one of ours.
    target_link_libraries(mayfly_${name} PRIVATE ${LAYER_LIBRARIES})
  endif()
  set_property(GLOBAL APPEND PROPERTY mayfly_layers ${name})
endfunction()

# mayfly_program(<name> SOURCES ... USES <layer>...)
function(mayfly_program name)
  cmake_parse_arguments(PARSE_ARGV 1 PROGRAM "" "" "SOURCES;USES;LIBRARIES")
  add_executable(${name} ${PROGRAM_SOURCES})
  list(TRANSFORM PROGRAM_USES PREPEND mayfly_ OUTPUT_VARIABLE used_targets)
  target_link_libraries(${name} PRIVATE mayfly_warnings mayfly_options ${used_targets}
                        ${PROGRAM_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
endfunction()
