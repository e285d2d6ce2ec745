// SPDX-License-Identifier: GPL-2.0
/* connect(): the active open (RFC 9293 section 3.10.1). */

#include <net/ip.h>
#include <xtcp/active.h>
#include <xtcp/af.h>
#include <xtcp/end.h>
#include <xtcp/isn.h>
#include <xtcp/kernels.h>
#include <xtcp/mss.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/route.h>
#include <xtcp/sock.h>
#include <xtcp/state.h>
#include <xtcp/timewait.h>
#include <xtcp/window.h>

/* What our SYN offers; the peer's answer takes away what it has not. */
static void offer(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_net *xn = xtcp_sk_net(sk);
	const struct dst_entry *dst = __sk_dst_get(sk);
	u32 wnd;

	xs->tcb.snd_mss = xs->af->mss_default;
	xs->tcb.ts_ok = !!xtcp_knob(xn, timestamps);
	xs->tcb.wscale_ok = !!xtcp_knob(xn, window_scaling);
	xs->ts_offset = xtcp_isn_ts_offset(xn, &xs->flow);
	wnd = xtcp_window_initial(sk, xs->tcb.wscale_ok, &xs->tcb.rcv_wscale);
	xs->tcb.rcv_adv = xtcp_window_by_route(sk, dst, xtcp_mss_announced(sk, xs->af, dst),
					       wnd);
	xs->route_clamp = xtcp_route_metric(sk, RTAX_WINDOW);
}

/* Above the numbers of a TIME_WAIT that we took over, if we did. */
static void choose_isn(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 iss = xs->tcb.iss ?: xtcp_isn_new(xtcp_sk_net(sk), &xs->flow,
					      xtcp_sk_knob(sk, isn_mode));

	xs->tcb.iss = iss;
	xs->tcb.snd_una = iss;
	xs->tcb.snd_nxt = iss + 1;
	xs->snd.write_seq = iss + 1;
	xs->snd.small_seq = iss;
}

/* A port that was shared with SO_REUSEADDR may have this connection already. */
static bool kernels_own(const struct sock *sk)
{
	struct xtcp_flow_key key = xtcp_sk_key(sk);

	return key.protocol == IPPROTO_TCP && xtcp_kernels_state(&key);
}

/* Into the flow table; where a TIME_WAIT stands there, perhaps in its place. */
static int enter(struct sock *sk)
{
	int err;

	if (kernels_own(sk))
		return -EADDRNOTAVAIL;
	err = xtcp_flow_insert(&xtcp_sk(sk)->flow);
	return err && xtcp_timewait_take_over(sk) ? 0 : err;
}

static int open_flow(struct sock *sk, struct sockaddr *addr, int len)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err;

	err = xs->port ? 0 : xs->af->choose_protocol(sk);
	if (err)
		return err;
	err = xs->af->connect_route(sk, addr, len);
	if (err)
		return err;
	xs->flow.bound_dev_if = sk->sk_bound_dev_if;
	err = xtcp_port_connect(sk, enter);
	if (err)
		return err;
	sk_set_txhash(sk);
	err = xs->af->connect_ports(sk);
	if (err)
		xtcp_flow_remove(&xs->flow);
	return err;
}

void xtcp_active_send_syn(struct sock *sk)
{
	struct xtcp_fastopen_cookie cookie;
	bool with_cookie = xtcp_fastopen_offer(sk, &cookie);

	xtcp_output_first_syn(sk, with_cookie ? &cookie : NULL);
	xtcp_timers_syn_sent(sk);
}

/*
 * Whoever found the flow of an earlier life in the table has done with it: ICMP
 * leaves what it has to say (sk_err_soft, pmtu_deferred) under the spinlock alone.
 */
static void wait_for_finders(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	spin_unlock_bh(&sk->sk_lock.slock);
}

int xtcp_active_connect(struct sock *sk, struct sockaddr *addr, int len)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_net *xn = xtcp_sk_net(sk);
	struct msghdr *syn_text = xs->own->fastopen.syn_text;
	int err;

	wait_for_finders(sk);
	xtcp_reset_connection(sk);
	if (syn_text)
		xtcp_own(sk)->fastopen.syn_text = syn_text;
	/* Of an earlier life, which disconnecting ended. */
	WRITE_ONCE(sk->sk_err, 0);
	WRITE_ONCE(sk->sk_err_soft, 0);
	err = open_flow(sk, addr, len);
	if (err) {
		if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			xtcp_port_release(sk);
		xs->af->connect_failed(sk);
		xtcp_port_moved(sk);
		return err;
	}
	xtcp_rtt_init(&xs->rtt, xtcp_sk_knob(sk, rto_init_ms));
	offer(sk);
	choose_isn(sk);
	xtcp_state_set(sk, XTCP_SYN_SENT);
	xtcp_count(xn, XTCP_CNT_ACTIVE_OPENS);
	if (!xtcp_fastopen_defer(sk))
		xtcp_active_send_syn(sk);
	return 0;
}
