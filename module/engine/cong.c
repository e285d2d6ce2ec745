// SPDX-License-Identifier: GPL-2.0
/* What all congestion controls share: the initial window, when to grow. */

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <xtcp/cong.h>

void xtcp_cong_init(struct xtcp_cong *cong)
{
	*cong = (struct xtcp_cong){ .ops = &xtcp_cong_reno, .ssthresh = U32_MAX };
}

void xtcp_cong_start(struct xtcp_cong *cong, u32 mss, u32 initial_segments)
{
	cong->mss = mss;
	cong->cwnd = mss * initial_segments;
	cong->acked = 0;
	cong->phase = XTCP_CONG_OPEN;
	cong->dupacks = 0;
}

/* What is as many segments of @mss as @octets are now. Arbitrarily high stays so. */
static u32 as_many(const struct xtcp_cong *cong, u32 octets, u32 mss)
{
	return octets == U32_MAX ? octets : div_u64((u64)octets * mss, cong->mss);
}

void xtcp_cong_set_mss(struct xtcp_cong *cong, u32 mss)
{
	if (mss < cong->mss) {
		cong->cwnd = as_many(cong, cong->cwnd, mss);
		cong->ssthresh = as_many(cong, cong->ssthresh, mss);
		cong->acked = as_many(cong, cong->acked, mss);
	}
	cong->mss = mss;
	cong->cwnd = max(cong->cwnd, mss);
	cong->ssthresh = max(cong->ssthresh, 2 * mss);
}

void xtcp_cong_acked(struct xtcp_cong *cong, u32 acked, bool cwnd_limited, u32 abc_limit,
		     u64 now_us)
{
	u32 most = abc_limit ? abc_limit * cong->mss : U32_MAX;

	/* After a timeout L = 1 (RFC 3465 2.3). */
	if (cong->phase == XTCP_CONG_LOSS)
		most = cong->mss;
	if (cwnd_limited && cong->phase != XTCP_CONG_RECOVERY)
		cong->ops->grow(cong, acked, most, now_us);
}
