// SPDX-License-Identifier: GPL-2.0
/* Limits on answers to what no honest peer should send: RFC 5961 section 7. */

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <xtcp/limit.h>
#include <xtcp/net.h>

/* Sixteen bits of these are nine minutes: longer than any limit. */
#define TICK_MS 8

/* Never 0, which is "never". */
static u16 ticks_now(void)
{
	return (u16)div_u64(ktime_get_ns(), TICK_MS * NSEC_PER_MSEC) ?: 1;
}

bool xtcp_limit_answer(struct xtcp_net *xn, u16 *last)
{
	u16 now = ticks_now(), gap = xtcp_knob(xn, invalid_ratelimit_ms) / TICK_MS;

	if (*last && (u16)(now - *last) < gap)
		return false;
	*last = now;
	return true;
}

/* Two CPUs may lose count of one another: it is a limit, not an account. */
bool xtcp_limit_challenge(struct xtcp_net *xn)
{
	struct xtcp_challenge *c = &xn->challenge;
	u32 limit = xtcp_knob(xn, challenge_ack_limit);
	u32 second = (u32)div_u64(ktime_get_ns(), NSEC_PER_SEC) + 1;
	u32 left;

	if (READ_ONCE(c->second) != second) {
		WRITE_ONCE(c->second, second);
		WRITE_ONCE(c->left, limit ? limit / 2 + get_random_u32_below(limit) + 1 : 0);
	}
	left = READ_ONCE(c->left);
	if (!left)
		return false;
	WRITE_ONCE(c->left, left - 1);
	return true;
}
