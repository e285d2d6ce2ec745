// SPDX-License-Identifier: GPL-2.0
/*
 * The receive window (RFC 9293 section 3.8.6) is a promise. What is announced is what
 * memory can hold: free_window(), from the receive buffer, what is queued in it, and what
 * text has weighed lately. From that comes the right edge, tcb.rcv_adv, which moves by
 * segments and never back: text in front of it is taken (receive.c). A header says it
 * rounded down to what scaling can express (RFC 7323 2.4), and 0 when memory ran out.
 */

#include <xtcp/memory.h>
#include <xtcp/mss.h>
#include <xtcp/receive.h>
#include <xtcp/route.h>
#include <xtcp/sock.h>
#include <xtcp/window.h>

/*
 * How much of its weight text is, in 256ths. Never more than what copying together makes
 * of any text (receive.c); nor so little that tiny segments, read at once, shut the
 * window for the large ones behind them.
 */
enum { RATIO_SHIFT = 8, RATIO_MIN = 64, RATIO_MAX = XTCP_RATIO_DEFAULT };

/* Lately: since that much was queued. */
#define RATIO_SPAN 65536

void xtcp_window_weigh(struct sock *sk, u32 text, u32 weight)
{
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;

	rcv->lately.text += text;
	rcv->lately.weight += weight;
	if (rcv->lately.weight < RATIO_SPAN)
		return;
	rcv->ratio = clamp_t(u64, div_u64((u64)rcv->lately.text << RATIO_SHIFT,
					  rcv->lately.weight), RATIO_MIN, RATIO_MAX);
	rcv->lately.text = 0;
	rcv->lately.weight = 0;
}

/* Octets of text that @space octets of buffer hold. */
static u32 space_to_window(const struct sock *sk, u32 space)
{
	return (u64)space * READ_ONCE(xtcp_sk(sk)->rcv.ratio) >> RATIO_SHIFT;
}

/* TCP_WINDOW_CLAMP, or what the route has for it, as a window that scaling can express. */
static u32 clamp_window(const struct sock *sk, u32 wnd)
{
	u32 clamp = READ_ONCE(xtcp_sk(sk)->own->window_clamp) ?: xtcp_sk(sk)->route_clamp;

	return clamp && clamp < wnd ?
		min(wnd, ALIGN(clamp, 1U << xtcp_sk(sk)->tcb.rcv_wscale)) : wnd;
}

u32 xtcp_window_largest(const struct sock *sk)
{
	return clamp_window(sk, space_to_window(sk, READ_ONCE(sk->sk_rcvbuf)));
}

/* Half of the largest window (RFC 9293 3.8.6.2.2). */
static u32 half_window(const struct sock *sk)
{
	return xtcp_window_largest(sk) / 2;
}

/* What scaling can express of @wnd. */
static u32 expressible(const struct sock *sk, u32 wnd)
{
	u8 shift = xtcp_sk(sk)->tcb.rcv_wscale;

	return min(wnd >> shift, (u32)XTCP_WINDOW_MAX) << shift;
}

static int used(const struct sock *sk)
{
	return atomic_read(&sk->sk_rmem_alloc) + READ_ONCE(sk->sk_backlog.len);
}

/* What any buffer takes when it is empty: a segment, if half of it is as much. */
static u32 least_window(const struct sock *sk)
{
	u32 wnd = min_t(u32, xtcp_sk(sk)->rcv.mss, READ_ONCE(sk->sk_rcvbuf) / 2);

	return ALIGN(wnd, 1U << xtcp_sk(sk)->tcb.rcv_wscale);
}

/*
 * Free buffer, as octets of text that a window can announce. An empty one has room for
 * the least that is: whoever makes it smaller must not shut it for ever.
 */
static u32 free_window(const struct sock *sk)
{
	int in_use = used(sk);
	u32 wnd = space_to_window(sk, max(READ_ONCE(sk->sk_rcvbuf) - in_use, 0));

	if (!in_use)
		wnd = max(wnd, least_window(sk));
	return expressible(sk, clamp_window(sk, wnd));
}

/*
 * Receiver's silly-window avoidance (3.8.6.2.2): is it worth moving the right edge for a
 * window of @wnd, to one who knows of @now? By a segment or half the buffer at least. An
 * empty buffer has no more than that to offer, and the peer may wait for less than half.
 */
static bool worth_moving(const struct sock *sk, u32 now, u32 wnd)
{
	u32 mss = xtcp_sk(sk)->rcv.mss;

	if (wnd <= now)
		return false;
	return wnd - now >= min(half_window(sk), mss) || (!used(sk) && now < mss);
}

/*
 * The peer knows of @now, and the largest window there is would not be worth moving to:
 * so it is while the user reads what comes, and what is free need not be asked for.
 */
static bool nearly_largest(const struct sock *sk, u32 now)
{
	u32 mss = xtcp_sk(sk)->rcv.mss, largest = xtcp_window_largest(sk);

	return now >= mss && now + min(largest / 2, mss) > largest;
}

u32 xtcp_window_seen(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return READ_ONCE(xs->rcv.no_memory) ? 0 : expressible(sk, xtcp_tcb_rcv_wnd(&xs->tcb));
}

u32 xtcp_window_initial(const struct sock *sk, bool scaling, u8 *wscale)
{
	u32 most = max_t(u32, sk->sk_rcvbuf,
			 sk->sk_userlocks & SOCK_RCVBUF_LOCK ? 0 :
			 xtcp_knob(xtcp_sk_net(sk), rmem_max));

	*wscale = 0;
	if (scaling)
		while (*wscale < XTCP_WSCALE_MAX &&
		       space_to_window(sk, most) > (u32)XTCP_WINDOW_MAX << *wscale)
			(*wscale)++;
	return min_t(u32, xtcp_window_largest(sk), XTCP_WINDOW_MAX);
}

u32 xtcp_window_by_route(const struct sock *sk, const struct dst_entry *dst, u32 mss,
			 u32 wnd)
{
	u32 clamp = READ_ONCE(xtcp_sk(sk)->own->window_clamp) ? 0 : dst_metric(dst, RTAX_WINDOW);
	u64 first = (u64)dst_metric(dst, RTAX_INITRWND) * mss;

	return min_t(u64, clamp ? min(wnd, clamp) : wnd, first ?: U64_MAX);
}

void xtcp_window_begin(struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u64 first = (u64)xtcp_route_metric(sk, RTAX_INITRWND) *
		    xtcp_mss_announced(sk, xs->af, __sk_dst_get(sk));
	u32 want = min_t(u64, 2 * first, xtcp_knob(xtcp_sk_net(sk), rmem_max));

	if (!(sk->sk_userlocks & SOCK_RCVBUF_LOCK) && want > sk->sk_rcvbuf &&
	    !xtcp_memory_scarce(sk))
		WRITE_ONCE(sk->sk_rcvbuf, want);
}

/* Memory had run out for text in order. Has it come back? */
static bool memory_is_back(struct sock *sk)
{
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;

	if (rcv->no_memory && xtcp_memory_has(sk, PAGE_SIZE))
		WRITE_ONCE(rcv->no_memory, false);
	return !rcv->no_memory;
}

/* Without memory: the one segment that is taken all the same, once the user has read. */
static u32 window_without_memory(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if (!skb_queue_empty(&sk->sk_receive_queue))
		return 0;
	return expressible(sk, ALIGN(xs->rcv.mss, 1U << xs->tcb.rcv_wscale));
}

/* The right edge never moves back (SHLD-14). */
u16 xtcp_window_select(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_tcb *tcb = &xs->tcb;
	u32 now = xtcp_tcb_rcv_wnd(tcb), seen = xtcp_window_seen(sk);
	u32 wnd = nearly_largest(sk, seen) ? now : free_window(sk);

	if (!memory_is_back(sk)) {
		wnd = window_without_memory(sk);
		if (wnd > now)
			tcb->rcv_adv = tcb->rcv_nxt + wnd;
	} else if (wnd > now && worth_moving(sk, xtcp_window_seen(sk), wnd)) {
		tcb->rcv_adv = tcb->rcv_nxt + wnd;
	} else {
		wnd = now;
	}
	tcb->last_ack_sent = tcb->rcv_nxt;
	xs->rcv.acked_seq = tcb->rcv_nxt;
	return min_t(u32, wnd >> tcb->rcv_wscale, XTCP_WINDOW_MAX);
}

bool xtcp_window_worth_telling(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 now = xtcp_window_seen(sk);
	u32 wnd;

	/* See below: it cannot double. */
	if (now >= xs->rcv.mss && 2 * now > xtcp_window_largest(sk))
		return false;
	/*
	 * Before the handshake is complete the SYN-ACK's window does. And while the user slept
	 * another one may have ended the connection, and begun the next, or listen.
	 */
	if ((sk->sk_shutdown & RCV_SHUTDOWN) ||
	    ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT | TCPF_SYN_RECV)))
		return false;
	if (!memory_is_back(sk) && !window_without_memory(sk))
		return false;
	wnd = free_window(sk);
	/* Two segments at least, and the window doubles. */
	return worth_moving(sk, now, wnd) &&
	       ((wnd >= 2 * now && wnd - now >= min(half_window(sk), 2U * xs->rcv.mss)) ||
		now < xs->rcv.mss);
}

/* As short as round trips are between hosts side by side: what is under way is to stay in caches. */
#define TUNE_LEAST_US 100

/* How long a round trip takes; where none was measured, how long the peer's window takes to come. */
static u32 round_trip_us(const struct xtcp_sock *xs)
{
	return xs->rtt.srtt_us ?: max_t(u32, xs->rcv.rtt_us, USEC_PER_MSEC);
}

/*
 * Dynamic right-sizing: the buffer is twice what the user read in the last
 * round trip, so that the window never is what limits a sender.
 */
void xtcp_window_autotune(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 max = xtcp_knob(xtcp_sk_net(sk), rmem_max);
	u32 now_us = xtcp_now_us();
	u32 copied, want;

	if (now_us - xs->rcv.tune_us < max_t(u32, round_trip_us(xs), TUNE_LEAST_US))
		return;
	copied = xs->rcv.copied_seq - xs->rcv.tune_seq;
	xs->rcv.tune_seq = xs->rcv.copied_seq;
	xs->rcv.tune_us = now_us;
	xs->rcv.space = max(xs->rcv.space, copied);
	if (sk->sk_userlocks & SOCK_RCVBUF_LOCK)
		return;
	/* Twice for growth in slow start, and what text weighs. */
	want = min_t(u64, div_u64((2ULL * copied) << RATIO_SHIFT, xs->rcv.ratio), max);
	if (want > sk->sk_rcvbuf && !xtcp_memory_scarce(sk))
		WRITE_ONCE(sk->sk_rcvbuf, want);
}
