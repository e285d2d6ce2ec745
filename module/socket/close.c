// SPDX-License-Identifier: GPL-2.0
/*
 * close(), shutdown() and disconnecting: RFC 9293 section 3.10.4 and 3.10.5.
 * After close() a socket with something left to say lives on as an orphan.
 */

#include <net/inet_common.h>
#include <net/tcp_states.h>
#include <xtcp/af.h>
#include <xtcp/end.h>
#include <xtcp/input.h>
#include <xtcp/listen.h>
#include <xtcp/memory.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/push.h>
#include <xtcp/queue.h>
#include <xtcp/receive.h>
#include <xtcp/socket.h>
#include <xtcp/state.h>

/* The connection ends on our side: did it never begin? */
static void count_abandoned(struct sock *sk)
{
	if (xtcp_opening(sk))
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ACTIVE_ABORTED);
}

/* The user has no more to send: the state after CLOSE; true: a FIN is due. */
static bool close_state(struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_SYN_RECV:
		xtcp_sk(sk)->tcb.close_queued = 1;
		return true;
	case TCP_ESTABLISHED:
		xtcp_state_set(sk, XTCP_FIN_WAIT_1);
		return true;
	case TCP_CLOSE_WAIT:
		xtcp_state_set(sk, XTCP_LAST_ACK);
		return true;
	case TCP_SYN_SENT:
		count_abandoned(sk);
		xtcp_done(sk);
		return false;
	default:
		return false;
	}
}

/* Both ways is as good as closed to the peer, in whichever order (RFC 9293 SHLD-3). */
void xtcp_shutdown(struct sock *sk, int how)
{
	if (sk->sk_shutdown == SHUTDOWN_MASK)
		xtcp_sk(sk)->tcb.rcv_closed = 1;
	if ((how & SEND_SHUTDOWN) && close_state(sk))
		xtcp_push_fin(sk);
}

/* Throw the received away; was any of it never read? */
static bool purge_received(struct sock *sk)
{
	bool unread = xtcp_unread(sk) > 0;

	xtcp_receive_purge(sk);
	return unread;
}

static void abort_counted(struct sock *sk, enum xtcp_counter why)
{
	xtcp_count(xtcp_sk_net(sk), why);
	xtcp_output_rst(sk, why);
	xtcp_queue_purge(sk);
	xtcp_done(sk);
}

/* The peer may know of the connection (RFC 9293 3.5.2): its end needs telling. */
static bool synchronized(const struct sock *sk)
{
	return (1 << sk->sk_state) & ~(TCPF_CLOSE | TCPF_LISTEN | TCPF_SYN_SENT);
}

/*
 * ABORT sends a RST (RFC 9293 3.10.5), but for CLOSING and LAST_ACK, where both have
 * said all. Ours entered them with close(): the rest may not be sent yet.
 */
static bool abort_tells(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	if ((1 << sk->sk_state) & (TCPF_CLOSING | TCPF_LAST_ACK))
		return xs->tcb.snd_nxt != xs->snd.write_seq;
	return synchronized(sk);
}

/* Our FIN is acknowledged, or there is none. */
static bool said_all(const struct sock *sk)
{
	return (1 << READ_ONCE(sk->sk_state)) &
	       ~(TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_LAST_ACK);
}

/*
 * SO_LINGER: until our FIN is acknowledged, or the time is up. As sk_stream_wait_close(),
 * which kernels from 7.2 on keep from modules. Socket lock, released while waiting.
 */
static void linger(struct sock *sk, long timeout)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	if (!timeout)
		return;
	add_wait_queue(sk_sleep(sk), &wait);
	while (!sk_wait_event(sk, &timeout, said_all(sk), &wait) && timeout &&
	       !signal_pending(current))
		;
	remove_wait_queue(sk_sleep(sk), &wait);
}

/* The part of close() in which the user still owns the socket. */
static void close_owned(struct sock *sk, long timeout)
{
	bool unread;

	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (sk->sk_state == TCP_LISTEN) {
		xtcp_listen_stop(sk);
		xtcp_state_set(sk, XTCP_CLOSED);
		return;
	}
	xtcp_sk(sk)->tcb.rcv_closed = 1;
	unread = purge_received(sk);
	if (sk->sk_state == TCP_CLOSE)
		return;
	if (unread && synchronized(sk)) {
		/* RFC 2525 2.17: the peer must learn that text was lost. */
		abort_counted(sk, XTCP_CNT_ABORT_ON_CLOSE);
	} else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) {
		count_abandoned(sk);
		if (abort_tells(sk))
			abort_counted(sk, XTCP_CNT_ABORT_ON_LINGER);
		else
			xtcp_done(sk);
	} else if (close_state(sk)) {
		xtcp_push_fin(sk);
	}
	linger(sk, timeout);
}

/* Nobody owns it now: may it live on? Lock held, BH off. */
static void adjudge(struct sock *sk)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);

	if (sk->sk_state == TCP_CLOSE) {
		xtcp_destroy(sk);
		return;
	}
	if (atomic_read(&xn->orphans) > xtcp_knob(xn, max_orphans) ||
	    xtcp_memory_overdrawn(sk)) {
		count_abandoned(sk);
		abort_counted(sk, XTCP_CNT_ABORT_ON_MEMORY);
	} else if (sk->sk_state == TCP_FIN_WAIT2) {
		xtcp_input_fin_wait_2(sk);
	}
}

void xtcp_close(struct sock *sk, long timeout)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int state;

	lock_sock(sk);
	close_owned(sk, timeout);
	state = sk->sk_state;
	sock_hold(sk);
	xs->orphan = true;
	atomic_inc(&xtcp_sk_net(sk)->orphans);
	sock_orphan(sk);
	/* The backlog may end and destroy it here. */
	release_sock(sk);

	local_bh_disable();
	bh_lock_sock(sk);
	if (state == TCP_CLOSE || sk->sk_state != TCP_CLOSE)
		adjudge(sk);
	bh_unlock_sock(sk);
	local_bh_enable();
	sock_put(sk);
}

/* Memory that the next connection has no use for: its first SYN, the page being filled. */
static void forget_text(struct sock *sk)
{
	struct xtcp_own *own = xtcp_own(sk);

	if (own) {
		kfree(own->saved_syn);
		own->saved_syn = NULL;
	}
	if (sk->sk_frag.page)
		put_page(sk->sk_frag.page);
	sk->sk_frag = (struct page_frag){ };
}

/* connect(AF_UNSPEC), shutdown() of a listener, a failed connect(). */
int xtcp_disconnect(struct sock *sk, int flags)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int old = sk->sk_state;

	if (old == TCP_LISTEN) {
		xtcp_listen_stop(sk);
		xtcp_state_set(sk, XTCP_CLOSED);
	} else if (old != TCP_CLOSE) {
		count_abandoned(sk);
		if (abort_tells(sk)) {
			xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ABORT_ON_DISCONNECT);
			xtcp_output_rst(sk, XTCP_CNT_ABORT_ON_DISCONNECT);
		}
		WRITE_ONCE(sk->sk_err, ECONNRESET);
		xtcp_timers_stop(sk);
		xtcp_flow_remove(&xs->flow);
		xtcp_rps_forget(sk);
		xtcp_state_set(sk, XTCP_CLOSED);
	}
	xtcp_receive_purge(sk);
	xtcp_queue_purge(sk);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		xtcp_port_release(sk);
	xs->af->connect_failed(sk);
	xtcp_port_moved(sk);
	WRITE_ONCE(sk->sk_shutdown, 0);
	xtcp_set_defer_connect(sk, false);
	sock_reset_flag(sk, SOCK_DONE);
	sk_set_peek_off(sk, -1);
	xtcp_reset_connection(sk);
	forget_text(sk);
	sk_error_report(sk);
	return 0;
}

static bool any(struct sock *sk, const void *arg)
{
	return true;
}

static int abort_locked(struct sock *sk, int error)
{
	if (sk->sk_state == TCP_CLOSE)
		return -ENOENT;
	count_abandoned(sk);
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ABORT_BY_ADMIN);
	if (abort_tells(sk))
		xtcp_output_rst(sk, XTCP_CNT_ABORT_BY_ADMIN);
	xtcp_fail(sk, error);
	return 0;
}

/*
 * The spinlock as well: the end of close(), and a listener that drops its
 * children, hold only that, and did not expect another user. Ending a listener
 * sleeps; it is one as long as the user's lock is ours.
 */
int xtcp_abort_if(struct sock *sk, int error, bool (*still)(struct sock *sk, const void *arg),
		  const void *arg)
{
	int err = -ENOENT;

	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN && still(sk, arg)) {
		xtcp_listen_stop(sk);
		still = any;
	}
	local_bh_disable();
	bh_lock_sock(sk);
	if (still(sk, arg))
		err = abort_locked(sk, error);
	bh_unlock_sock(sk);
	local_bh_enable();
	release_sock(sk);
	return err;
}

int xtcp_abort(struct sock *sk, int error)
{
	return xtcp_abort_if(sk, error, any, NULL);
}
