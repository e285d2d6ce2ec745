// SPDX-License-Identifier: GPL-2.0
/* The tracepoints are made here. */

#define CREATE_TRACE_POINTS
#include <xtcp/trace.h>
