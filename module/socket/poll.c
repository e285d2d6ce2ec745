// SPDX-License-Identifier: GPL-2.0
/* poll(), and the ioctls that tell how much waits. */

#include <linux/sockios.h>
#include <asm/ioctls.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <xtcp/listen.h>
#include <xtcp/receive.h>
#include <xtcp/socket.h>

/* Room to write now? If not, whoever frees some wakes us. */
static __poll_t poll_writable(struct sock *sk)
{
	if (sk->sk_shutdown & SEND_SHUTDOWN || __sk_stream_is_writeable(sk, 1))
		return EPOLLOUT | EPOLLWRNORM;
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	/* Pairs with xtcp_write_space(): one of us sees the other's store. */
	smp_mb__after_atomic();
	return __sk_stream_is_writeable(sk, 1) ? EPOLLOUT | EPOLLWRNORM : 0;
}

/* An urgent octet out of band is no text that read() would give. */
static __poll_t poll_readable(struct sock *sk)
{
	u32 target = sock_rcvlowat(sk, 0, INT_MAX);
	__poll_t mask = 0;

	if (xtcp_receive_at_mark(sk) && !sock_flag(sk, SOCK_URGINLINE))
		target++;
	if (xtcp_receive_enough(sk, target))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(xtcp_sk(sk)->tcb.rcv_urgent) == XTCP_URGENT_HERE)
		mask |= EPOLLPRI;
	return mask;
}

__poll_t xtcp_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	__poll_t mask = 0;
	u8 shutdown;
	int state;

	/* Before anything is read: what changes from now on wakes us. */
	sock_poll_wait(file, sock, wait);
	state = inet_sk_state_load(sk);
	if (state == TCP_LISTEN)
		return xtcp_listen_acceptable(sk) ? EPOLLIN | EPOLLRDNORM : 0;

	shutdown = READ_ONCE(sk->sk_shutdown);
	if (shutdown == SHUTDOWN_MASK || state == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;
	if (!xtcp_opening(sk))
		mask |= poll_readable(sk) | poll_writable(sk);
	else if (xtcp_sk(sk)->own->fastopen.deferred)
		mask |= EPOLLOUT | EPOLLWRNORM;	/* the SYN waits for text */
	smp_rmb();	/* sk_err is written before the state changes */
	if (READ_ONCE(sk->sk_err) || !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

/* Unsent or unacknowledged octets; the FIN is none. */
static int unacknowledged(const struct sock *sk, u32 from)
{
	const struct xtcp_sock *xs = xtcp_sk(sk);
	u32 n = READ_ONCE(xs->snd.write_seq) - from;

	if (xtcp_opening(sk) || sk->sk_state == TCP_CLOSE)
		return 0;
	return n - (n && xs->snd.fin_queued);
}

int xtcp_ioctl(struct sock *sk, int cmd, xtcp_ioctl_arg_t arg)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int answ;

	if ((cmd == SIOCINQ || cmd == SIOCOUTQ || cmd == SIOCOUTQNSD) &&
	    sk->sk_state == TCP_LISTEN)
		return -EINVAL;
	lock_sock(sk);
	switch (cmd) {
	case SIOCINQ:
		answ = xtcp_readable(sk);
		break;
	case SIOCATMARK:
		answ = xtcp_receive_at_mark(sk);
		break;
	case SIOCOUTQ:
		answ = unacknowledged(sk, xs->tcb.snd_una + xtcp_tcb_syn_under_way(&xs->tcb));
		break;
	case SIOCOUTQNSD:
		answ = unacknowledged(sk, xs->tcb.snd_nxt);
		break;
	default:
		release_sock(sk);
		return -ENOIOCTLCMD;
	}
	release_sock(sk);
	return xtcp_ioctl_put(answ, arg);
}
