// SPDX-License-Identifier: GPL-2.0
/* How much text a segment takes: RFC 9293 section 3.7.1, and the path MTU (3.7.2). */

#include <net/dst.h>
#include <xtcp/af.h>
#include <xtcp/mss.h>
#include <xtcp/sock.h>

u16 xtcp_mss_announced(const struct sock *sk, const struct xtcp_af_ops *af,
		       const struct dst_entry *dst)
{
	u32 mss = af->mss_default;

	if (dst)
		mss = dst_metric_advmss(dst);
	if (xtcp_sk(sk)->snd.mss_clamp)
		mss = min_t(u32, mss, xtcp_sk(sk)->snd.mss_clamp);
	return mss;
}

/* A segment above half of the largest window would stall a small receiver. */
static u32 bound_to_half_window(const struct xtcp_tcb *tcb, u32 mss)
{
	u32 half = tcb->snd_wnd_max > XTCP_MSS_DEFAULT ? tcb->snd_wnd_max / 2 :
							 tcb->snd_wnd_max;

	return half && mss > half ? max_t(u32, half, XTCP_MSS_MIN) : mss;
}

/*
 * Octets that a device, or IP in front of it, cuts into segments; 0: none does, and each
 * goes by itself. IPsec may not be able to.
 */
static u32 cut_for_us(struct sock *sk)
{
	const struct net_device *dev;
	const struct dst_entry *dst;
	u32 most = 0, segments = 0;

	rcu_read_lock();
	dst = __sk_dst_get(sk);
	if (dst && !dst->header_len && xtcp_knob(xtcp_sk_net(sk), gso)) {
		dev = READ_ONCE(dst->dev);
		most = min_t(u32, READ_ONCE(dev->gso_max_size), GSO_LEGACY_MAX_SIZE);
		segments = READ_ONCE(dev->gso_max_segs);
	}
	rcu_read_unlock();
	most -= min_t(u32, most, XTCP_HEADROOM + 1);
	return min(most, segments * xtcp_sk(sk)->snd.mss);
}

/*
 * No more than half of the largest window, nor of the send buffer: or nothing would go
 * while an skb fills, or waits for its ACK. Nor than the user wants to be unsent.
 */
void xtcp_mss_set_goal(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 most = min3(cut_for_us(sk), xs->tcb.snd_wnd_max / 2, (u32)READ_ONCE(sk->sk_sndbuf) / 2);

	if (xs->own->notsent_lowat)
		most = min(most, xs->own->notsent_lowat);
	xs->snd.goal = max_t(u32, xs->snd.mss, most - most % xs->snd.mss);
}

void xtcp_mss_sync(struct sock *sk, u32 pmtu)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 floor = xtcp_knob(xtcp_sk_net(sk), min_snd_mss);
	s32 mss = pmtu - xs->af->ip_header_len - sizeof(struct tcphdr);

	mss = min_t(u32, mss, xs->tcb.snd_mss);
	if (xs->snd.mss_clamp)
		mss = min_t(u32, mss, xs->snd.mss_clamp);
	/* An MSS counts headers without options (RFC 9293 MUST-16). */
	mss = max_t(s32, mss - (s32)xs->af->options_len(sk), floor);
	if (xs->tcb.ts_ok)
		mss -= XTCP_OLEN_TS_ALIGNED;
	xs->snd.pmtu = pmtu;
	xs->snd.mss_wnd_max = xs->tcb.snd_wnd_max;
	xs->snd.mss_floor = floor;
	xs->snd.mss = bound_to_half_window(&xs->tcb, mss);
	xtcp_cong_set_mss(&xs->cong, xs->snd.mss);
	xtcp_mss_set_goal(sk);
}

/*
 * By the route that will be taken: one that was learned to be narrower is a new one. Of
 * what else snd.mss depends on, options tell of their change themselves.
 */
void xtcp_mss_refresh(struct sock *sk)
{
	const struct dst_entry *dst = xtcp_sk(sk)->af->route(sk);
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (dst && (dst_mtu(dst) != xs->snd.pmtu ||
		    xs->tcb.snd_wnd_max != xs->snd.mss_wnd_max ||
		    xtcp_knob(xtcp_sk_net(sk), min_snd_mss) != xs->snd.mss_floor))
		xtcp_mss_sync(sk, dst_mtu(dst));
}
