// SPDX-License-Identifier: GPL-2.0
/* Reno: RFC 5681, with appropriate byte counting (RFC 3465, L = 2). */

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <xtcp/cong.h>

/* RFC 5681 equation (4) */
static u32 reno_ssthresh(const struct xtcp_cong *cong, u32 flight)
{
	return max(flight / 2, 2 * cong->mss);
}

static void reno_grow(struct xtcp_cong *cong, u32 acked, u64 now_us)
{
	if (cong->cwnd < cong->ssthresh) {
		/* Slow start, equation (2); after a timeout L = 1 (RFC 3465 2.3). */
		u32 limit = (cong->phase == XTCP_CONG_LOSS ? 1 : 2) * cong->mss;

		cong->cwnd += min(acked, limit);
		return;
	}
	/* Congestion avoidance: one MSS for each window acknowledged. */
	cong->acked += acked;
	if (cong->acked >= cong->cwnd) {
		cong->acked -= cong->cwnd;
		cong->cwnd += cong->mss;
	}
}

const struct xtcp_cong_ops xtcp_cong_reno = {
	.name		= "reno",
	.ssthresh	= reno_ssthresh,
	.grow		= reno_grow,
};
