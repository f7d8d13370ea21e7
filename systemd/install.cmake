# What "cmake --install" runs for units and configuration.

# Programs look for their configuration by the same rule (base/path.h).
function(find_configuration_folder variable sysconfdir)
    if(IS_ABSOLUTE "${sysconfdir}")
        set(folder "${sysconfdir}")
    elseif(CMAKE_INSTALL_PREFIX MATCHES "^/(usr/?)?$")
        set(folder "/${sysconfdir}")
    else()
        set(folder "${CMAKE_INSTALL_PREFIX}/${sysconfdir}")
    endif()
    set(${variable} "${folder}" PARENT_SCOPE)
endfunction()

# Installs the unit of which template is the text, for the prefix that is in effect now.
function(install_unit template file scope bindir sysconfdir)
    set(CMAKE_INSTALL_FULL_BINDIR "${CMAKE_INSTALL_PREFIX}/${bindir}")
    find_configuration_folder(CMAKE_INSTALL_FULL_SYSCONFDIR "${sysconfdir}")
    configure_file("${template}" "${file}" @ONLY)
    file(INSTALL "${file}" DESTINATION "${CMAKE_INSTALL_PREFIX}/lib/systemd/${scope}")
    set(CMAKE_INSTALL_MANIFEST_FILES "${CMAKE_INSTALL_MANIFEST_FILES}" PARENT_SCOPE)
endfunction()

# An existing file belongs to the administrator and stays.
function(install_configuration file sysconfdir)
    find_configuration_folder(folder "${sysconfdir}")
    set(folder "${folder}/mocapd")
    get_filename_component(name "${file}" NAME)
    if(EXISTS "$ENV{DESTDIR}${folder}/${name}")
        message(STATUS "Kept: $ENV{DESTDIR}${folder}/${name}")
        list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${folder}/${name}")
    else()
        file(INSTALL "${file}" DESTINATION "${folder}")
    endif()
    set(CMAKE_INSTALL_MANIFEST_FILES "${CMAKE_INSTALL_MANIFEST_FILES}" PARENT_SCOPE)
endfunction()
