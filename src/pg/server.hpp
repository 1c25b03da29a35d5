#pragma once

/// The server's headers, wrapped for C++. Every file of the server's side includes this one first; what only
/// some files need they include themselves within extern "C". Macros of the server that would break C++
/// headers are put back here.

// postgres.h comes before all others.
// clang-format off
extern "C" {
#include <postgres.h>

#include <fmgr.h>
#include <miscadmin.h>
#include <utils/builtins.h>
#include <utils/elog.h>
#include <utils/memutils.h>
#include <utils/timestamp.h>
}
// clang-format on

// src/include/port.h redirects these; C++ headers declare their own.
#undef snprintf
#undef vsnprintf
#undef sprintf
#undef vsprintf
#undef printf
#undef fprintf
#undef vprintf
#undef vfprintf
#undef strerror
#undef gettext
#undef dgettext
#undef ngettext
#undef dngettext
