// SPDX-License-Identifier: GPL-2.0
/*
 * The receive window (RFC 9293 section 3.8.6): how much we advertise, when it
 * may move, and how the buffer grows with the connection.
 */

#include <xtcp/memory.h>
#include <xtcp/output.h>
#include <xtcp/receive.h>
#include <xtcp/route.h>
#include <xtcp/sock.h>

/* Half of the buffer is left to the overhead of skbs. */
static u32 space_to_window(u32 space)
{
	return space / 2;
}

/* TCP_WINDOW_CLAMP, or what the route has for it, as a window that scaling can express. */
static u32 clamp_window(const struct sock *sk, u32 wnd)
{
	u32 clamp = READ_ONCE(xtcp_sk(sk)->window_clamp) ?: xtcp_sk(sk)->rcv.route_clamp;

	return clamp ? min(wnd, ALIGN(clamp, 1U << xtcp_sk(sk)->tcb.rcv_wscale)) : wnd;
}

u32 xtcp_window_largest(const struct sock *sk)
{
	return clamp_window(sk, space_to_window(READ_ONCE(sk->sk_rcvbuf)));
}

/* Half of the largest window (RFC 9293 3.8.6.2.2). */
static u32 half_window(const struct sock *sk)
{
	return xtcp_window_largest(sk) / 2;
}

/* Free buffer, as octets of text that a window can announce. */
static u32 free_window(const struct sock *sk)
{
	int used = atomic_read(&sk->sk_rmem_alloc) + READ_ONCE(sk->sk_backlog.len);
	int room = READ_ONCE(sk->sk_rcvbuf) - used;

	return min_t(u32, clamp_window(sk, space_to_window(max(room, 0))),
		     (u32)XTCP_WINDOW_MAX << xtcp_sk(sk)->tcb.rcv_wscale);
}

u32 xtcp_window_initial(const struct sock *sk, bool scaling, u8 *wscale)
{
	u32 most = max_t(u32, sk->sk_rcvbuf,
			 sk->sk_userlocks & SOCK_RCVBUF_LOCK ? 0 :
			 xtcp_knob(xtcp_sk_net(sk), rmem_max));

	*wscale = 0;
	if (scaling)
		while (*wscale < XTCP_WSCALE_MAX &&
		       space_to_window(most) > (u32)XTCP_WINDOW_MAX << *wscale)
			(*wscale)++;
	return min_t(u32, xtcp_window_largest(sk), XTCP_WINDOW_MAX);
}

u32 xtcp_window_by_route(const struct sock *sk, const struct dst_entry *dst, u32 mss,
			 u32 wnd)
{
	u32 clamp = READ_ONCE(xtcp_sk(sk)->window_clamp) ? 0 : dst_metric(dst, RTAX_WINDOW);
	u64 first = (u64)dst_metric(dst, RTAX_INITRWND) * mss;

	return min_t(u64, clamp ? min(wnd, clamp) : wnd, first ?: U64_MAX);
}

void xtcp_window_begin(struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u64 first = (u64)xtcp_route_metric(sk, RTAX_INITRWND) *
		    xtcp_output_announced_mss(sk, xs->af, __sk_dst_get(sk));
	u32 want = min_t(u64, 2 * first, xtcp_knob(xtcp_sk_net(sk), rmem_max));

	if (!(sk->sk_userlocks & SOCK_RCVBUF_LOCK) && want > sk->sk_rcvbuf &&
	    !xtcp_memory_scarce(sk))
		WRITE_ONCE(sk->sk_rcvbuf, want);
}

/*
 * Receiver's silly-window avoidance (3.8.6.2.2): the right edge moves by a
 * segment or half the buffer at least, and never back (SHLD-14).
 */
u16 xtcp_window_select(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_tcb *tcb = &xs->tcb;
	u32 now = xtcp_tcb_rcv_wnd(tcb);
	u32 step = min_t(u32, half_window(sk), xs->rcv.mss);
	u32 wnd = round_down(free_window(sk), 1U << tcb->rcv_wscale);

	if (wnd < now || wnd - now < step)
		wnd = ALIGN(now, 1U << tcb->rcv_wscale);
	tcb->rcv_adv = tcb->rcv_nxt + wnd;
	tcb->last_ack_sent = tcb->rcv_nxt;
	xs->rcv.acked_seq = tcb->rcv_nxt;
	return min_t(u32, wnd >> tcb->rcv_wscale, XTCP_WINDOW_MAX);
}

void xtcp_window_update(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 now = xtcp_tcb_rcv_wnd(&xs->tcb);
	u32 wnd = free_window(sk);
	u32 step = min_t(u32, half_window(sk), 2 * xs->rcv.mss);

	/* Before the handshake is complete the SYN-ACK's window does. */
	if ((sk->sk_shutdown & RCV_SHUTDOWN) || xtcp_early(sk))
		return;
	/* Worth a segment of its own: the window at least doubles. */
	if (wnd >= 2 * now && wnd - now >= step)
		xtcp_output_ack(sk);
}

/*
 * Dynamic right-sizing: the buffer is twice what the user read in the last
 * round trip, so that the window never is what limits a sender.
 */
void xtcp_window_autotune(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 max = xtcp_knob(xtcp_sk_net(sk), rmem_max);
	u64 now_us = xtcp_now_us();
	u32 copied, want;

	if (now_us - xs->rcv.tune_us < max_t(u32, xs->rtt.srtt_us, USEC_PER_MSEC))
		return;
	copied = xs->rcv.copied_seq - xs->rcv.tune_seq;
	xs->rcv.tune_seq = xs->rcv.copied_seq;
	xs->rcv.tune_us = now_us;
	xs->rcv.space = max(xs->rcv.space, copied);
	if (sk->sk_userlocks & SOCK_RCVBUF_LOCK)
		return;
	/* Twice for growth in slow start, twice for the overhead of skbs. */
	want = min_t(u64, 4ULL * copied, max);
	if (want > sk->sk_rcvbuf && !xtcp_memory_scarce(sk))
		WRITE_ONCE(sk->sk_rcvbuf, want);
}
