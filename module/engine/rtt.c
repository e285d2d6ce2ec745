// SPDX-License-Identifier: GPL-2.0
/* Computing the retransmission timer: RFC 6298. */

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <xtcp/rtt.h>

void xtcp_rtt_init(struct xtcp_rtt *rtt, u32 rto_init_ms)
{
	*rtt = (struct xtcp_rtt){ .rto_us = rto_init_ms * USEC_PER_MSEC };
}

void xtcp_rtt_sample(struct xtcp_rtt *rtt, u32 sample_us, u32 rto_min_ms,
		     u32 rto_max_ms)
{
	u32 min_us = rto_min_ms * USEC_PER_MSEC;
	u32 max_us = rto_max_ms * USEC_PER_MSEC;
	u32 delta;

	sample_us = clamp(sample_us, 1U, max_us);
	if (!rtt->srtt_us) {
		/* (2.2) the first: SRTT = R, RTTVAR = R/2 */
		rtt->srtt_us = sample_us;
		rtt->rttvar_us = sample_us / 2;
		rtt->min_us = sample_us;
	} else {
		/* (2.3) beta = 1/4, then alpha = 1/8 */
		delta = max(rtt->srtt_us, sample_us) - min(rtt->srtt_us, sample_us);
		rtt->rttvar_us = (3ULL * rtt->rttvar_us + delta) / 4;
		rtt->srtt_us = max_t(u32, 1, (7ULL * rtt->srtt_us + sample_us) / 8);
		rtt->min_us = min(rtt->min_us, sample_us);
	}
	/* RTO = SRTT + max(G, 4 * RTTVAR); G, the clock's grain, is 1 us. */
	rtt->rto_us = clamp_t(u64, rtt->srtt_us +
			      max_t(u64, 1, 4ULL * rtt->rttvar_us), min_us, max_us);
}

u64 xtcp_rtt_rto_ns(const struct xtcp_rtt *rtt, unsigned int backoff,
		    u32 rto_max_ms)
{
	u64 rto_ns = (u64)rtt->rto_us * NSEC_PER_USEC;

	return min_t(u64, rto_ns << min(backoff, 20U), (u64)rto_max_ms * NSEC_PER_MSEC);
}
