/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* What user space needs to know of xtcp. */
#ifndef _UAPI_LINUX_XTCP_H
#define _UAPI_LINUX_XTCP_H

/* The IP protocol number: 253, for experiments (RFC 3692). */
#define IPPROTO_XTCP 253

/*
 * Socket options live at SOL_TCP under the kernel's TCP_* numbers, so that
 * ordinary programs find what they expect.
 */
#define SOL_XTCP 253

#endif
