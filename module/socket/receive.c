// SPDX-License-Identifier: GPL-2.0
/* recv() and its kin: text from the receive queue to the user. */

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <linux/tcp.h>
#include <net/busy_poll.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/scm.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <xtcp/output.h>
#include <xtcp/receive.h>
#include <xtcp/skb.h>
#include <xtcp/socket.h>
#include <xtcp/window.h>

/* Octets from @seq to the mark, where reading stops; without one, very many. */
static u32 to_mark(const struct sock *sk, u32 seq)
{
	const struct xtcp_tcb *tcb = &xtcp_sk(sk)->tcb;

	return tcb->rcv_urgent ? tcb->rcv_up - 1 - seq : U32_MAX;
}

u32 xtcp_readable(const struct sock *sk)
{
	if (sock_flag(sk, SOCK_URGINLINE))
		return xtcp_unread(sk);
	return min(xtcp_unread(sk), to_mark(sk, xtcp_sk(sk)->rcv.copied_seq));
}

int xtcp_set_rcvlowat(struct sock *sk, int val)
{
	int most = sk->sk_userlocks & SOCK_RCVBUF_LOCK ? sk->sk_rcvbuf / 2 :
		xtcp_knob(xtcp_sk_net(sk), rmem_max) / 2;

	val = min(val, most);
	WRITE_ONCE(sk->sk_rcvlowat, val ?: 1);
	if (!(sk->sk_userlocks & SOCK_RCVBUF_LOCK) && 2 * val > sk->sk_rcvbuf)
		WRITE_ONCE(sk->sk_rcvbuf, 2 * val);
	xtcp_receive_wake(sk);
	return 0;
}

/* The skb that holds @seq, and where in it. */
static struct sk_buff *find(struct sock *sk, u32 seq, u32 *offset, u32 *len)
{
	struct sk_buff *skb;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		*offset = seq - XTCP_SKB_CB(skb)->seq;
		*len = XTCP_SKB_CB(skb)->end_seq - XTCP_SKB_CB(skb)->seq;
		if (*offset < *len) {
			*len -= *offset;
			return skb;
		}
	}
	return NULL;
}

/* Nothing to read: 0 to wait, else stop with *@ret, if nothing was copied. */
static bool must_stop(struct sock *sk, int copied, long timeo, int *ret)
{
	*ret = 0;
	if (copied)
		return sk->sk_err || sk->sk_state == TCP_CLOSE ||
		       (sk->sk_shutdown & RCV_SHUTDOWN) || !timeo ||
		       signal_pending(current);
	if (sock_flag(sk, SOCK_DONE))
		return true;
	if (sk->sk_err)
		*ret = sock_error(sk);
	else if (sk->sk_shutdown & RCV_SHUTDOWN)
		return true;
	else if (sk->sk_state == TCP_CLOSE)
		*ret = -ENOTCONN;
	else if (!timeo)
		*ret = -EAGAIN;
	else if (signal_pending(current))
		*ret = sock_intr_errno(timeo);
	return *ret;
}

/* One call of recvmsg() or splice(). Where it is, only the socket knows: others read, too. */
struct reading {
	struct msghdr *msg;
	struct pipe_inode_info *pipe;	/* splice(): there, and not into msg */
	unsigned int splice_flags;
	int flags;
	u32 ahead;			/* MSG_PEEK: octets seen beyond copied_seq */
	ktime_t stamp;			/* when the last one came in; 0: not known */
};

/* Next octet. */
static u32 position(const struct sock *sk, const struct reading *r)
{
	return xtcp_sk(sk)->rcv.copied_seq + r->ahead;
}

/* Octets taken, of @n; a pipe takes fewer when it is full. Else -errno. */
static int copy_out(struct sock *sk, struct reading *r, struct sk_buff *skb, u32 offset, u32 n)
{
	if (r->pipe)
		return skb_splice_bits(skb, sk, offset, r->pipe, n, r->splice_flags) ?: -EAGAIN;
	if (skb->tstamp)
		r->stamp = skb->tstamp;
	/* MSG_TRUNC: thrown away unseen (tcp(7)). */
	if (!(r->flags & MSG_TRUNC) && skb_copy_datagram_msg(skb, offset, r->msg, n))
		return -EFAULT;
	return n;
}

/* Where MSG_PEEK begins: at SO_PEEK_OFF, if set. */
static u32 peek_start(const struct sock *sk, int flags)
{
	int off = READ_ONCE(sk->sk_peek_off);

	return flags & MSG_PEEK && off > 0 ? off : 0;
}

/* The user has read, or seen, @n octets more. */
static void advance(struct sock *sk, struct reading *r, u32 n)
{
	if (r->flags & MSG_PEEK) {
		r->ahead += n;
		sk_peek_offset_fwd(sk, n);
	} else {
		xtcp_receive_consume(sk, position(sk, r) + n);
	}
}

/*
 * At the mark: text before it is given first. A signal, SIGURG perhaps, also goes
 * first: its handler may want to know that it is at the mark. splice() never skips
 * an octet that is not in the stream: until the user does, there is a 0 to read.
 */
static bool stop_at_mark(const struct sock *sk, const struct reading *r, int copied,
			 long timeo, int *ret)
{
	*ret = 0;
	if (r->pipe && !sock_flag(sk, SOCK_URGINLINE) && xtcp_unread(sk))
		return true;
	if (!copied && signal_pending(current))
		*ret = timeo ? sock_intr_errno(timeo) : -EAGAIN;
	return copied || *ret;
}

/*
 * Up to @n octets of @skb, not across the mark; 0: the urgent octet, which is not
 * in the stream, was skipped.
 */
static int give(struct sock *sk, struct reading *r, struct sk_buff *skb, u32 offset,
		u32 n)
{
	u32 before_mark = to_mark(sk, position(sk, r));
	int given;

	if (n && !before_mark && !sock_flag(sk, SOCK_URGINLINE)) {
		advance(sk, r, 1);
		return 0;
	}
	if (before_mark)
		n = min(n, before_mark);
	given = copy_out(sk, r, skb, offset, n);
	if (given > 0)
		advance(sk, r, given);
	return given;
}

/*
 * Any text ends this sleep, and who sleeps tells the peer that it came: by his answer, by
 * his FIN; or here, if he waits for more. So no segment goes for that alone.
 */
static int sleep_for_any(struct sock *sk, long *timeo)
{
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;
	int ret;

	xtcp_receive_quick_again(rcv);
	if (rcv->quick_acks && rcv->acked_seq != xtcp_sk(sk)->tcb.rcv_nxt) {
		rcv->quick_acks--;
		xtcp_output_ack(sk);
	}
	xtcp_receive_quick_aside(rcv);
	ret = sk_wait_data(sk, timeo, skb_peek_tail(&sk->sk_receive_queue));
	xtcp_receive_quick_again(rcv);
	return ret;
}

/*
 * Let go of the lock: for the backlog alone when nothing is @missing, else until so
 * many octets have come. Whoever has it meanwhile may read, too, or connect anew.
 * Return: -errno.
 */
static int let_go(struct sock *sk, const struct reading *r, int missing, long *timeo)
{
	struct xtcp_receive *rcv = &xtcp_sk(sk)->rcv;

	if (missing > 0) {
		rcv->wanted = min(rcv->wanted, r->ahead + missing);
		if (rcv->wanted == 1)
			return sleep_for_any(sk, timeo);
		return sk_wait_data(sk, timeo, skb_peek_tail(&sk->sk_receive_queue));
	}
	release_sock(sk);
	lock_sock(sk);
	return 0;
}

/*
 * All is read, and the peer, if he is there still, does not know of two segments of it or
 * more. Behind them no FIN, which who closes now acknowledges in his own.
 */
static bool ack_awaited(const struct sock *sk)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);

	return xs->tcb.state != XTCP_CLOSED && xs->rcv.copied_seq == xs->tcb.rcv_nxt &&
	       xs->tcb.rcv_nxt - xs->rcv.acked_seq >= 2 * xs->rcv.mss;
}

/* The user has read: what does not fit is not what he holds up. */
static void make_way(struct sock *sk)
{
	xtcp_window_autotune(sk);
	if (ack_awaited(sk) || xtcp_window_worth_telling(sk))
		xtcp_output_ack(sk);
}

static int receive(struct sock *sk, struct reading *r, size_t len, long timeo)
{
	int target = r->pipe ? 1 : sock_rcvlowat(sk, r->flags & MSG_WAITALL, len);
	int ret, copied = 0;
	struct sk_buff *skb;
	u32 offset, n;

	r->ahead = peek_start(sk, r->flags);
	do {
		if (!to_mark(sk, position(sk, r)) &&
		    stop_at_mark(sk, r, copied, timeo, &ret))
			return copied ?: ret;
		skb = find(sk, position(sk, r), &offset, &n);
		if (skb) {
			ret = give(sk, r, skb, offset, min_t(u32, n, len));
			if (ret < 0)
				return copied ?: ret;
			copied += ret;
			len -= ret;
			continue;
		}
		if (copied >= target && !READ_ONCE(sk->sk_backlog.tail))
			break;
		if (must_stop(sk, copied, timeo, &ret))
			return copied ?: ret;
		/* A peek makes no room: what it waits for would not come. */
		if (copied && r->flags & MSG_PEEK && xtcp_receive_enough(sk, U32_MAX))
			break;
		if (copied && copied < target && !(r->flags & MSG_PEEK))
			make_way(sk);
		n = xtcp_sk(sk)->rcv.copied_seq;
		ret = let_go(sk, r, target - copied, &timeo);
		if (ret < 0)
			return copied ?: ret;
		/* A peek shows what follows: it ends, or has not begun. */
		if (r->ahead && xtcp_sk(sk)->rcv.copied_seq != n) {
			if (copied)
				break;
			r->ahead = peek_start(sk, r->flags);
		}
	} while (len);
	return copied;
}

/* MSG_OOB: the urgent octet, whatever text is before it. Never waits. */
static int receive_urgent(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u8 urgent = xs->tcb.rcv_urgent;
	int err = 0;

	if (sock_flag(sk, SOCK_URGINLINE) || urgent == XTCP_URGENT_NONE ||
	    urgent == XTCP_URGENT_READ)
		return -EINVAL;
	if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (urgent == XTCP_URGENT_AWAITED)
		return sk->sk_state == TCP_CLOSE ||
		       (sk->sk_shutdown & RCV_SHUTDOWN) ? 0 : -EAGAIN;
	if (!(flags & MSG_PEEK))
		WRITE_ONCE(xs->tcb.rcv_urgent, XTCP_URGENT_READ);
	msg->msg_flags |= MSG_OOB;
	if (!len)
		msg->msg_flags |= MSG_TRUNC;
	else if (!(flags & MSG_TRUNC))
		err = memcpy_to_msg(msg, &xs->rcv.urgent_octet, 1);
	return err ?: (int)min_t(size_t, len, 1);
}

/* --- control messages ---------------------------------------------------- */

static void put_timestamp(struct sock *sk, struct msghdr *msg, struct timespec64 ts)
{
	bool ns = sock_flag(sk, SOCK_RCVTSTAMPNS);
	struct __kernel_old_timespec old = { ts.tv_sec, ts.tv_nsec };
	struct __kernel_timespec new = { ts.tv_sec, ts.tv_nsec };

	/* In microseconds the layout is the same, the last number another. */
	if (!ns) {
		old.tv_nsec /= NSEC_PER_USEC;
		new.tv_nsec /= NSEC_PER_USEC;
	}
	if (sock_flag(sk, SOCK_TSTAMP_NEW))
		put_cmsg(msg, SOL_SOCKET, ns ? SO_TIMESTAMPNS_NEW : SO_TIMESTAMP_NEW,
			 sizeof(new), &new);
	else
		put_cmsg(msg, SOL_SOCKET, ns ? SO_TIMESTAMPNS_OLD : SO_TIMESTAMP_OLD,
			 sizeof(old), &old);
}

/* SO_TIMESTAMP and its kin: when the last of the text came in. */
static void put_stamp(struct sock *sk, struct msghdr *msg, ktime_t stamp)
{
	struct scm_timestamping_internal tss = { .ts[0] = xtcp_scm_stamp(stamp) };

	if (!stamp)
		return;
	if (sock_flag(sk, SOCK_RCVTSTAMP))
		put_timestamp(sk, msg, ktime_to_timespec64(stamp));
	if (!xtcp_wants_stamp(READ_ONCE(sk->sk_tsflags)))
		return;
	if (sock_flag(sk, SOCK_TSTAMP_NEW))
		put_cmsg_scm_timestamping64(msg, &tss);
	else
		put_cmsg_scm_timestamping(msg, &tss);
}

/* TCP_INQ: octets left to read. At the end of the stream 1: there is a 0 to read. */
static void put_inq(struct sock *sk, struct msghdr *msg)
{
	if (!xtcp_sk(sk)->own->recv_inq && !msg->msg_get_inq)
		return;
	msg->msg_inq = xtcp_unread(sk) ?: sock_flag(sk, SOCK_DONE);
	if (xtcp_sk(sk)->own->recv_inq)
		put_cmsg(msg, SOL_TCP, TCP_CM_INQ, sizeof(msg->msg_inq), &msg->msg_inq);
}

int xtcp_recvmsg(XTCP_RECVMSG_PARAMS)
{
	struct reading r = { .msg = msg, .flags = flags };
	int ret;

	if (flags & MSG_ERRQUEUE)
		return xtcp_recv_error(sk, msg, len);
	if (sk_can_busy_loop(sk) && sk->sk_state == TCP_ESTABLISHED &&
	    skb_queue_empty_lockless(&sk->sk_receive_queue))
		sk_busy_loop(sk, flags & MSG_DONTWAIT);
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN)
		ret = -ENOTCONN;
	else if (flags & MSG_OOB)
		ret = receive_urgent(sk, msg, len, flags);
	else
		ret = receive(sk, &r, len, sock_rcvtimeo(sk, flags & MSG_DONTWAIT));
	if (ret > 0 && !(flags & MSG_PEEK))
		make_way(sk);
	if (ret >= 0) {
		put_stamp(sk, msg, r.stamp);
		put_inq(sk, msg);
	}
	release_sock(sk);
	return ret;
}

ssize_t xtcp_splice_read(struct socket *sock, loff_t *pos, struct pipe_inode_info *pipe,
			 size_t len, unsigned int flags)
{
	struct reading r = { .pipe = pipe, .splice_flags = flags };
	struct sock *sk = sock->sk;
	int ret = -ENOTCONN;

	if (*pos)
		return -ESPIPE;
	sock_rps_record_flow(sk);
	lock_sock(sk);
	if (sk->sk_state != TCP_LISTEN)
		ret = receive(sk, &r, min_t(size_t, len, INT_MAX),
			      sock_rcvtimeo(sk, sock->file->f_flags & O_NONBLOCK));
	if (ret > 0)
		make_way(sk);
	release_sock(sk);
	return ret;
}
