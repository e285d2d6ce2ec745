/* SPDX-License-Identifier: GPL-2.0 */
/* What TCP_INFO tells of a connection. */
#ifndef _XTCP_STATS_H
#define _XTCP_STATS_H

#include <xtcp/queue.h>

/* All in all: each is written where it happens, under the socket lock. */
struct xtcp_stats {
	u64 bytes_sent;			/* text, retransmissions included */
	u32 segs_out;
	u32 data_segs_out;
	u32 data_sent;			/* when last, jiffies */
	u32 delivered;			/* acknowledged, the SYN too */
	u64 bytes_acked;
	u64 bytes_received;		/* in order */
	u32 segs_in;
	u32 data_segs_in;
	u32 data_recv;			/* when last, jiffies */
	u32 rto_time_ms;		/* from first sending to the ACK, of those past */
	u32 limited[XTCP_LIMITS - 1];	/* not IDLE; before snd.limit, jiffies */
	/* From here on: of trouble. */
	u32 retrans;			/* segments sent again, SYN included */
	u64 bytes_retrans;
	u32 ooo;			/* segments that came out of order */
	u16 rtos;			/* retransmission timeouts */
	u16 rto_recoveries;		/* in how many rows */
};

#endif
