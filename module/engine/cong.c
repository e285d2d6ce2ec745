// SPDX-License-Identifier: GPL-2.0
/* What all congestion controls share: the initial window, when to grow. */

#include <linux/kernel.h>
#include <linux/limits.h>
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

void xtcp_cong_acked(struct xtcp_cong *cong, u32 acked, bool cwnd_limited,
		     u64 now_us)
{
	if (cwnd_limited && cong->phase != XTCP_CONG_RECOVERY)
		cong->ops->grow(cong, acked, now_us);
}
