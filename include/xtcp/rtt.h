/* SPDX-License-Identifier: GPL-2.0 */
/* Round-trip time and retransmission timeout (RFC 6298): engine/rtt.c. */
#ifndef _XTCP_RTT_H
#define _XTCP_RTT_H

#include <linux/types.h>

struct xtcp_rtt {
	u32 srtt_us;		/* SRTT, 0: not measured yet */
	u32 rttvar_us;		/* RTTVAR */
	u32 rto_us;		/* RTO without backoff */
	u32 min_us;		/* smallest sample, for TCP_INFO */
};

/* RTO before the first measurement (RFC 6298 2.1). */
void xtcp_rtt_init(struct xtcp_rtt *rtt, u32 rto_init_ms);

/**
 * xtcp_rtt_sample() - a round trip was measured (RFC 6298 2.2, 2.3)
 * @rtt: estimator
 * @sample_us: of a segment never retransmitted (Karn), or by timestamp
 * @rto_min_ms: floor of RTO
 * @rto_max_ms: its ceiling
 *
 * Pure.
 */
void xtcp_rtt_sample(struct xtcp_rtt *rtt, u32 sample_us, u32 rto_min_ms,
		     u32 rto_max_ms);

/* RTO after @backoff doublings, bounded by @rto_max_ms (RFC 6298 5.5), in ns. */
u64 xtcp_rtt_rto_ns(const struct xtcp_rtt *rtt, unsigned int backoff,
		    u32 rto_max_ms);

#endif
