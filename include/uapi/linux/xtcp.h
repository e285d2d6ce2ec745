/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* What user space needs to know of xtcp. */
#ifndef _UAPI_LINUX_XTCP_H
#define _UAPI_LINUX_XTCP_H

/* The IP protocol number: 253, for experiments (RFC 3692). */
#define IPPROTO_XTCP 253

/*
 * Socket options live at SOL_TCP under the kernel's TCP_* numbers, so that
 * ordinary programs find what they expect. Those that the kernel's TCP does not
 * have are at SOL_XTCP: a socket's own value of the knob of the same name, an
 * int in the same range and unit. -1 gives the socket back to the knob. Children
 * inherit what their listener has.
 */
#define SOL_XTCP 253

#define XTCP_SYN_RETRIES	1	/* of this socket's SYN; as TCP_SYNCNT */
#define XTCP_SYNACK_RETRIES	2	/* of a listener's SYN-ACKs */
#define XTCP_RTO_INIT_MS	3	/* of a listener: also of its SYN-ACKs */
#define XTCP_RTO_MIN_MS		4
#define XTCP_RTO_MAX_MS		5	/* of a listener: also of its SYN-ACKs */
#define XTCP_MSL_MS		6	/* of the TIME_WAIT it leaves; above the knob: CAP_NET_ADMIN */
#define XTCP_HANDSHAKE_WAYS	7	/* of a listener: 2, 3 or 4 */
#define XTCP_ISN_MODE		8	/* enum xtcp_isn_mode */
#define XTCP_WIRE_PROTOCOL	9	/* 253 or 6; before bind() and connect() */

enum xtcp_isn_mode {
	XTCP_ISN_RFC6528,		/* a clock and a hash of the addresses */
	XTCP_ISN_RANDOM,
	XTCP_ISN_CONSTANT,		/* needs experiments=1 */
};

#endif
