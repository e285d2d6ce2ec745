// SPDX-License-Identifier: GPL-2.0
/* The end of a connection, and of its socket; and what is left for the next one. */

#include <net/xfrm.h>
#include <xtcp/af.h>
#include <xtcp/end.h>
#include <xtcp/port.h>
#include <xtcp/queue.h>
#include <xtcp/sock.h>
#include <xtcp/state.h>

void xtcp_destroy(struct sock *sk)
{
	WARN_ON_ONCE(sk->sk_state != TCP_CLOSE);
	WARN_ON_ONCE(!sock_flag(sk, SOCK_DEAD));
	if (xtcp_sk(sk)->orphan)
		atomic_dec(&xtcp_sk_net(sk)->orphans);
	sk->sk_prot->destroy(sk);
	sk_stream_kill_queues(sk);
	xfrm_sk_free_policy(sk);
	sock_put(sk);
}

void xtcp_done(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (xs->tcb.state == XTCP_CLOSED)
		return;
	xtcp_timers_stop(sk);
	xtcp_flow_remove(&xs->flow);
	xtcp_rps_forget(sk);
	xtcp_state_set(sk, XTCP_CLOSED);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		xtcp_port_release(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (sock_flag(sk, SOCK_DEAD))
		xtcp_destroy(sk);
	else
		sk->sk_state_change(sk);
}

void xtcp_fail(struct sock *sk, int error)
{
	/* xtcp_done() frees one that nobody owns. */
	bool owned = !sock_flag(sk, SOCK_DEAD);

	if (error)
		WRITE_ONCE(sk->sk_err, error);
	xtcp_queue_purge(sk);
	xtcp_done(sk);
	if (error && owned)
		sk_error_report(sk);
}

void xtcp_destroy_unaccepted(struct sock *child)
{
	sock_orphan(child);
	if (xtcp_sk(child)->tcb.state == XTCP_CLOSED)
		xtcp_destroy(child);
	else
		xtcp_done(child);
}

static void reset_fastopen(struct xtcp_own *own)
{
	if (!own)
		return;
	own->fastopen = (struct xtcp_fastopen){
		.connect = own->fastopen.connect,
		.no_cookie = own->fastopen.no_cookie,
		.early_max = own->fastopen.early_max,
		.keys = own->fastopen.keys,
	};
}

void xtcp_reset_connection(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_send snd = {
		.mss_clamp = xs->snd.mss_clamp,
		.nodelay = xs->snd.nodelay,
		.cork = xs->snd.cork,
	};

	reset_fastopen(xtcp_own(sk));
	xs->tcb = (struct xtcp_tcb){ .state = xs->tcb.state, .snd_mss = xs->af->mss_default };
	xs->snd = snd;
	sk->tcp_rtx_queue = RB_ROOT;
	xs->snd.mss = xs->af->mss_default;
	xs->snd.goal = xs->snd.mss;
	xs->snd.pmtu = xs->af->mss_default + sizeof(struct tcphdr) + xs->af->ip_header_len;
	xs->rcv = (struct xtcp_receive){
		.ooo = RB_ROOT,
		.mss = XTCP_MSS_DEFAULT,
		.ratio = XTCP_RATIO_DEFAULT,
		.wanted = U32_MAX,
		.quick_acks = 16,	/* until the sender is out of slow start */
	};
	xtcp_rtt_init(&xs->rtt, xtcp_sk_knob(sk, rto_init_ms));
	xtcp_cong_init(&xs->cong);
	xs->retransmits = 0;
	xs->backoff = 0;
	xs->syn_kept = false;
	xs->probe_kept = false;
	xs->probes = 0;
	xs->stats = (struct xtcp_stats){ };
	xs->answered = 0;
	xs->route_clamp = 0;
	xs->first_retransmit_ns = 0;
	xs->pmtu_deferred = 0;
}
