// SPDX-License-Identifier: GPL-2.0
/* send() and its kin: text from the user into the send queue. */

#include <net/sock.h>
#include <net/tcp_states.h>
#include <xtcp/mss.h>
#include <xtcp/push.h>
#include <xtcp/queue.h>
#include <xtcp/skb.h>
#include <xtcp/socket.h>
#include <xtcp/write.h>

/* The text of as many segments is copied before the backlog has its turn. */
#define SEGMENTS_BETWEEN 16

static int wait_for_space(struct sock *sk, long *timeo)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err;

	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* What comes next may take long: do not hold the last segment for it. */
	xs->snd.more = 0;
	xtcp_push_text(sk);
	err = sk_stream_wait_memory(sk, timeo);
	xs->snd.more = 1;
	return err;
}

/*
 * Send what is full as it fills: the wire need not wait for the copying. What is
 * urgent waits for its end, which every segment of it has to point at.
 */
static void push_full(struct sock *sk, struct msghdr *msg)
{
	if (msg_data_left(msg) && !(msg->msg_flags & MSG_OOB))
		xtcp_push_text(sk);
}

/* What is queued up to @end is urgent now; its last octet is the one that counts. */
static void mark_urgent(struct xtcp_sock *xs, u32 end)
{
	if (xtcp_seq_leq(end, xs->tcb.snd_una) ||
	    (xs->tcb.snd_urgent && xtcp_seq_leq(end, xs->tcb.snd_up)))
		return;
	xs->tcb.snd_up = end;
	xs->tcb.snd_urgent = true;
}

/* The user has much to write: what comes meanwhile, ACKs and RSTs, has its turn. */
static void let_in(struct sock *sk, u32 *octets)
{
	if (*octets < SEGMENTS_BETWEEN * xtcp_sk(sk)->snd.mss)
		return;
	sk_flush_backlog(sk);
	*octets = 0;
}

/* The next of @msg into @skb: pages that the user has for it as they are, if they can go so. */
static int write_text(struct sock *sk, struct sk_buff *skb, struct msghdr *msg)
{
	bool zerocopy = msg->msg_ubuf, splice = msg->msg_flags & XTCP_MSG_SPLICE_PAGES;
	bool as_they_are = (zerocopy || splice) && xtcp_write_can_splice(sk);
	u32 goal = xtcp_sk(sk)->snd.goal;

	if (as_they_are)
		return zerocopy ? xtcp_write_zerocopy(sk, skb, msg, goal) :
				  xtcp_write_splice(sk, skb, msg, goal);
	if (zerocopy)
		uarg_to_msgzc(msg->msg_ubuf)->zerocopy = 0;	/* the user is told */
	return xtcp_write_append(sk, skb, msg, goal);
}

/*
 * Context: socket lock, released while waiting: others write, too, and only what is
 * behind our own last octet is ours. Or they end the connection, and begin the next.
 * @in_syn: octets of @msg that went before.
 * Return: octets queued, else -errno.
 */
static int send_text(struct sock *sk, struct msghdr *msg, long timeo, int in_syn)
{
	u32 end = xtcp_sk(sk)->snd.write_seq, iss = xtcp_sk(sk)->tcb.iss;
	struct sk_buff *skb;
	int n, err, copied = 0;
	u32 since = 0;

	if (msg_data_left(msg) > xtcp_sk(sk)->snd.mss)
		xtcp_mss_set_goal(sk);

	while (msg_data_left(msg)) {
		err = sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN) ? -EPIPE :
			xtcp_write_begin_zerocopy(sk, msg);
		if (err)
			goto out;
		skb = xtcp_write_open_tail(sk) ?: xtcp_write_new_tail(sk);
		n = skb ? write_text(sk, skb, msg) : -ENOBUFS;
		if (n > 0) {
			copied += n;
			since += n;
			end = xtcp_sk(sk)->snd.write_seq;
			if ((msg->msg_flags & MSG_EOR) && !msg_data_left(msg))
				XTCP_SKB_CB(skb)->record_end = true;
			if (skb->len >= xtcp_sk(sk)->snd.goal) {
				push_full(sk, msg);
				let_in(sk, &since);
			}
			continue;
		}
		if (!n) {
			/* No fragment left: what is there is a full skb. */
			skb = xtcp_write_new_tail(sk);
			if (skb)
				continue;
			n = -ENOBUFS;
		}
		xtcp_write_drop_empty(sk);
		/* Nothing is in the queue that it would tell of: others' calls have their turn. */
		if (!copied && !in_syn)
			xtcp_write_end_zerocopy(msg, 0);
		err = n == -ENOBUFS ? wait_for_space(sk, &timeo) : n;
		if (err)
			goto out;
	}
	err = 0;
out:
	if (copied && (msg->msg_flags & MSG_OOB) && xtcp_sk(sk)->tcb.iss == iss)
		mark_urgent(xtcp_sk(sk), end);
	return copied ?: err;
}

/* There is nothing in them for us, but what is wrong is wrong, as to the kernel's TCP. */
static int check_control(struct sock *sk, struct msghdr *msg)
{
	struct sockcm_cookie cookie;

	if (!msg->msg_controllen)
		return 0;
	sockcm_init(&cookie, sk);
	return xtcp_control_error(sock_cmsg_send(sk, msg, &cookie), &cookie);
}

/* @in_syn octets are under way already: whatever comes, that is a success. */
static int send_locked(struct sock *sk, struct msghdr *msg, int in_syn)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	int err, copied = 0;

	sk_clear_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	if (((1 << sk->sk_state) & ~(TCPF_ESTABLISHED | TCPF_CLOSE_WAIT)) && !xtcp_early(sk)) {
		err = sk_stream_wait_connect(sk, &timeo);
		if (err)
			return in_syn ?: sk_stream_error(sk, msg->msg_flags, err);
	}
	err = check_control(sk, msg);
	if (err)
		return in_syn ?: err;
	err = sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN) ? -EPIPE : 0;
	if (!err) {
		xtcp_sk(sk)->snd.more = 1;
		copied = send_text(sk, msg, timeo, in_syn);
		xtcp_sk(sk)->snd.more = !!(msg->msg_flags & MSG_MORE);
		xtcp_push_text(sk);
		/* It is about this call: what comes next lets go, be it but an ACK. */
		xtcp_sk(sk)->snd.more = 0;
		err = min(copied, 0);
	}
	if (copied > 0)
		return in_syn + copied;
	if (in_syn || !err)
		return in_syn;
	err = sk_stream_error(sk, msg->msg_flags, err);
	/* Nothing went in, and poll() must say so once there is room. */
	if (err == -EAGAIN && !xtcp_queue_unsent(sk))
		sk->sk_write_space(sk);
	return err;
}

/* The SYN takes what it can; the rest follows as any text. */
static int send_fast(struct sock *sk, struct msghdr *msg)
{
	int in_syn = 0;
	int err = xtcp_fastopen_send(sk, msg, &in_syn);

	/* A signal, too: the call made again must not send it again. */
	if (in_syn && (err == -EINPROGRESS || err == -ERESTARTSYS || err == -EINTR))
		return in_syn;
	if (err)
		return sk_stream_error(sk, msg->msg_flags, err);
	if (in_syn && !msg_data_left(msg))
		return in_syn;
	return send_locked(sk, msg, in_syn);
}

static int send_any(struct sock *sk, struct msghdr *msg)
{
	if ((msg->msg_flags & MSG_FASTOPEN) || xtcp_sk(sk)->own->fastopen.deferred)
		return send_fast(sk, msg);
	return send_locked(sk, msg, 0);
}

int xtcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	int ret;

	lock_sock(sk);
	ret = send_any(sk, msg);
	xtcp_write_end_zerocopy(msg, ret);
	release_sock(sk);
	return ret;
}

void xtcp_splice_eof(struct socket *sock)
{
	struct sock *sk = sock->sk;

	lock_sock(sk);
	xtcp_push_text(sk);
	release_sock(sk);
}

bool xtcp_stream_memory_free(const struct sock *sk, int wake)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u32 lowat = READ_ONCE(READ_ONCE(xs->own)->notsent_lowat);
	u32 unsent = READ_ONCE(xs->snd.write_seq) - READ_ONCE(xs->tcb.snd_nxt);

	/* Without memory there is no room, whatever the buffer says. */
	return !READ_ONCE(xs->snd.starved) && (!lowat || (u64)unsent << wake < lowat);
}

/*
 * As sk_stream_write_space(), which is not exported; only if someone waits. Without the lock
 * where a segment has left this machine (xtcp_push_room()): the socket may be orphaned.
 */
void xtcp_write_space(struct sock *sk)
{
	struct socket *sock;
	struct socket_wq *wq;

	smp_mb();	/* memory freed, then NOSPACE read; poll() does the reverse */
	xtcp_push_room(sk);
	rcu_read_lock();
	sock = READ_ONCE(sk->sk_socket);
	if (!sock || !test_bit(SOCK_NOSPACE, &sock->flags) || !__sk_stream_is_writeable(sk, 1))
		goto out;
	clear_bit(SOCK_NOSPACE, &sock->flags);
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait,
					   EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (wq && wq->fasync_list && !(sk->sk_shutdown & SEND_SHUTDOWN))
		sock_wake_async(wq, SOCK_WAKE_SPACE, POLL_OUT);
out:
	rcu_read_unlock();
}
