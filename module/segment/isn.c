// SPDX-License-Identifier: GPL-2.0
/*
 * ISN = M + F(localip, localport, remoteip, remoteport, secretkey): RFC 9293
 * section 3.4.1, RFC 6528. M is a clock that ticks every 4 microseconds, so
 * that a new life of a connection starts above the old one; F, siphash under a
 * secret of the namespace, hides one connection's numbers from another's.
 */

#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/random.h>
#include <linux/string.h>
#include <xtcp/flow.h>
#include <xtcp/isn.h>
#include <xtcp/net.h>
#include <uapi/linux/xtcp.h>

/* Of every connection, where isn_mode asks for it. */
#define ISN_CONSTANT 1000000

u64 xtcp_isn_siphash(const struct xtcp_flow *flow, const siphash_key_t *secret)
{
	unsigned int half = xtcp_flow_addrs_len(flow->family) / 2;
	const u8 *addrs = xtcp_flow_addrs(flow);
	u8 input[36];
	u8 *p = input;

	/* In the order of the RFC, in network order. */
	memcpy(p, addrs, half);
	p += half;
	memcpy(p, &flow->local_port, 2);
	p += 2;
	memcpy(p, addrs + half, half);
	p += half;
	memcpy(p, &flow->remote_port, 2);
	p += 2;
	return siphash(input, p - input, secret);
}

u32 xtcp_isn_hash(const struct xtcp_flow *flow, const siphash_key_t *secret)
{
	return (u32)xtcp_isn_siphash(flow, secret);
}

u32 xtcp_isn_clock(u64 now_ns, u32 tick_ns)
{
	return (u32)div_u64(now_ns, tick_ns);
}

u32 xtcp_isn_new(struct xtcp_net *xn, const struct xtcp_flow *flow, u32 mode)
{
	switch (mode) {
	case XTCP_ISN_RANDOM:
		return get_random_u32();
	case XTCP_ISN_CONSTANT:
		return ISN_CONSTANT;
	default:
		return xtcp_isn_clock(ktime_get_ns(), xtcp_knob(xn, isn_tick_ns)) +
		       xtcp_isn_hash(flow, &xn->secrets.isn);
	}
}

/* Who hashes meanwhile may use half of each secret: as good as any. */
void xtcp_isn_draw(struct xtcp_net *xn)
{
	get_random_bytes(&xn->secrets.isn, sizeof(xn->secrets.isn));
}

u32 xtcp_isn_ts_offset_drawn(const struct xtcp_net *xn, const struct xtcp_flow *flow)
{
	return xtcp_isn_hash(flow, &xn->secrets.ts_offset);
}

u32 xtcp_isn_ts_offset(struct xtcp_net *xn, const struct xtcp_flow *flow)
{
	if (xtcp_knob(xn, timestamps) == 2)
		return 0;
	return xtcp_isn_ts_offset_drawn(xn, flow);
}
