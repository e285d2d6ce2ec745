// SPDX-License-Identifier: GPL-2.0
/* Reno: RFC 5681, with appropriate byte counting (RFC 3465). */

#include <linux/kernel.h>
#include <linux/minmax.h>
#include <xtcp/cong.h>

/* RFC 5681 equation (4) */
static u32 reno_ssthresh(const struct xtcp_cong *cong, u32 flight)
{
	return max(flight / 2, 2U * cong->mss);
}

/* Slow start, equation (2); what is acknowledged beyond its end counts for what follows. */
static u32 slow_start(struct xtcp_cong *cong, u32 acked)
{
	u32 grow = min(acked, cong->ssthresh - cong->cwnd);

	cong->cwnd += grow;
	return acked - grow;
}

static void reno_grow(struct xtcp_cong *cong, u32 acked, u32 most, u64 now_us)
{
	if (cong->cwnd < cong->ssthresh)
		acked = slow_start(cong, min(acked, most));
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
