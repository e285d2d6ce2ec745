// SPDX-License-Identifier: GPL-2.0
/* send() and its kin: text from the user into the send queue. */

#include <net/sock.h>
#include <net/tcp_states.h>
#include <xtcp/memory.h>
#include <xtcp/push.h>
#include <xtcp/queue.h>
#include <xtcp/socket.h>

/* As many are made before the backlog has its turn. */
#define SKBS_BETWEEN 16

/* The skb that more text may go into: the last unsent, if not full. */
static struct sk_buff *open_tail(const struct sock *sk)
{
	struct sk_buff *skb = skb_peek_tail(&sk->sk_write_queue);

	return skb && skb->len < xtcp_sk(sk)->snd.mss ? skb : NULL;
}

/*
 * What a sender may queue when there is no memory for anyone: so much that the ACK
 * of it lets him go on.
 */
static int minimum_left(struct sock *sk)
{
	return sk_get_wmem0(sk, sk->sk_prot) - sk->sk_wmem_queued;
}

/* Memory for @len octets of text, or for the first of them; 0: for none. */
static u32 afford(struct sock *sk, u32 len)
{
	int left;

	if (sk_wmem_schedule(sk, len))
		return len;
	left = minimum_left(sk);
	if (left <= 0)
		return 0;
	len = min_t(u32, len, left);
	xtcp_memory_force(sk, len);
	return len;
}

static struct sk_buff *new_tail(struct sock *sk)
{
	struct sk_buff *skb;

	if (!sk_stream_memory_free(sk))
		return NULL;
	skb = xtcp_queue_alloc(sk, sk->sk_allocation, minimum_left(sk) > 0);
	if (!skb) {
		WRITE_ONCE(xtcp_sk(sk)->snd.starved, sk->sk_wmem_queued > 0);
		return NULL;
	}
	*XTCP_SKB_CB(skb) = (struct xtcp_skb_cb){
		.seq = xtcp_sk(sk)->snd.write_seq,
		.end_seq = xtcp_sk(sk)->snd.write_seq,
	};
	__skb_queue_tail(&sk->sk_write_queue, skb);
	return skb;
}

/* An skb that got no text after all must not stay. */
static void drop_empty_tail(struct sock *sk)
{
	struct sk_buff *skb = skb_peek_tail(&sk->sk_write_queue);

	if (skb && !skb->len && !(XTCP_SKB_CB(skb)->ctl & XTCP_FIN)) {
		__skb_unlink(skb, &sk->sk_write_queue);
		xtcp_queue_free(sk, skb);
	}
}

/* Octets copied; 0: @skb takes no more fragments; -ENOBUFS, -EFAULT. */
static int append(struct sock *sk, struct sk_buff *skb, struct msghdr *msg)
{
	struct page_frag *pfrag = sk_page_frag(sk);
	int i = skb_shinfo(skb)->nr_frags;
	bool merge;
	u32 copy;
	int err;

	if (!sk_page_frag_refill(sk, pfrag))
		return -ENOBUFS;
	merge = skb_can_coalesce(skb, i, pfrag->page, pfrag->offset);
	if (!merge && i >= MAX_SKB_FRAGS)
		return 0;
	copy = min_t(u32, xtcp_sk(sk)->snd.mss - skb->len, msg_data_left(msg));
	copy = min_t(u32, copy, pfrag->size - pfrag->offset);
	copy = afford(sk, copy);
	if (!copy) {
		WRITE_ONCE(xtcp_sk(sk)->snd.starved, true);
		return -ENOBUFS;
	}
	err = skb_copy_to_page_nocache(sk, &msg->msg_iter, skb, pfrag->page,
				       pfrag->offset, copy);
	if (err)
		return err;
	if (merge) {
		skb_frag_size_add(&skb_shinfo(skb)->frags[i - 1], copy);
	} else {
		skb_fill_page_desc(skb, i, pfrag->page, pfrag->offset, copy);
		page_ref_inc(pfrag->page);
	}
	pfrag->offset += copy;
	XTCP_SKB_CB(skb)->end_seq += copy;
	xtcp_sk(sk)->snd.write_seq += copy;
	return copy;
}

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
static void push_full(struct sock *sk, const struct sk_buff *skb,
		      struct msghdr *msg)
{
	if (skb->len >= xtcp_sk(sk)->snd.mss && msg_data_left(msg) &&
	    !(msg->msg_flags & MSG_OOB))
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
static void let_in(struct sock *sk, unsigned int skbs)
{
	if (skbs % SKBS_BETWEEN == 0)
		sk_flush_backlog(sk);
}

/*
 * Context: socket lock, released while waiting: others write, too, and only what is
 * behind our own last octet is ours. Return: octets queued, else -errno.
 */
static int send_text(struct sock *sk, struct msghdr *msg, long timeo)
{
	u32 end = xtcp_sk(sk)->snd.write_seq;
	unsigned int skbs = 0;
	struct sk_buff *skb;
	int n, err, copied = 0;

	while (msg_data_left(msg)) {
		err = sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN) ? -EPIPE : 0;
		if (err)
			goto out;
		skb = open_tail(sk) ?: new_tail(sk);
		n = skb ? append(sk, skb, msg) : -ENOBUFS;
		if (n > 0) {
			copied += n;
			end = xtcp_sk(sk)->snd.write_seq;
			push_full(sk, skb, msg);
			if (skb->len >= xtcp_sk(sk)->snd.mss)
				let_in(sk, ++skbs);
			continue;
		}
		if (!n) {
			/* No fragment left: what is there is a full skb. */
			skb = new_tail(sk);
			if (skb)
				continue;
		}
		drop_empty_tail(sk);
		err = n == -EFAULT ? n : wait_for_space(sk, &timeo);
		if (err)
			goto out;
	}
	err = 0;
out:
	if (copied && (msg->msg_flags & MSG_OOB))
		mark_urgent(xtcp_sk(sk), end);
	return copied ?: err;
}

bool xtcp_send_into_syn(struct sock *sk, struct msghdr *msg, u32 room)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u16 mss = xs->snd.mss;
	struct sk_buff *skb = new_tail(sk);

	if (!skb)
		return false;
	xs->snd.mss = room;
	while (skb->len < room && msg_data_left(msg) && append(sk, skb, msg) > 0)
		;
	xs->snd.mss = mss;
	if (!skb->len) {
		drop_empty_tail(sk);
		return false;
	}
	__skb_unlink(skb, &sk->sk_write_queue);
	__skb_queue_tail(&xs->snd.rtx_queue, skb);
	XTCP_SKB_CB(skb)->ctl |= XTCP_PSH;	/* should it go by itself after all */
	xs->tcb.snd_nxt = xs->snd.write_seq;
	return true;
}

/* There is nothing in them for us, but what is wrong is wrong, as to the kernel's TCP. */
static int check_control(struct sock *sk, struct msghdr *msg)
{
	struct sockcm_cookie cookie;

	if (!msg->msg_controllen)
		return 0;
	sockcm_init(&cookie, sk);
	return sock_cmsg_send(sk, msg, &cookie) ? -EINVAL : 0;
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
		copied = send_text(sk, msg, timeo);
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
	if (err == -EAGAIN && skb_queue_empty(&sk->sk_write_queue))
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

int xtcp_sendmsg(struct sock *sk, struct msghdr *msg, size_t size)
{
	int ret;

	lock_sock(sk);
	if ((msg->msg_flags & MSG_FASTOPEN) || xtcp_sk(sk)->fastopen.deferred)
		ret = send_fast(sk, msg);
	else
		ret = send_locked(sk, msg, 0);
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
	u32 lowat = READ_ONCE(xs->notsent_lowat);
	u32 unsent = READ_ONCE(xs->snd.write_seq) - READ_ONCE(xs->tcb.snd_nxt);

	/* Without memory there is no room, whatever the buffer says. */
	return !READ_ONCE(xs->snd.starved) && (!lowat || (u64)unsent << wake < lowat);
}

/* As sk_stream_write_space(), which is not exported; only if someone waits. */
void xtcp_write_space(struct sock *sk)
{
	struct socket *sock = READ_ONCE(sk->sk_socket);
	struct socket_wq *wq;

	smp_mb();	/* memory freed, then NOSPACE read; poll() does the reverse */
	if (!sock || !test_bit(SOCK_NOSPACE, &sock->flags) ||
	    !__sk_stream_is_writeable(sk, 1))
		return;
	clear_bit(SOCK_NOSPACE, &sock->flags);
	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	if (skwq_has_sleeper(wq))
		wake_up_interruptible_poll(&wq->wait,
					   EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	if (wq && wq->fasync_list && !(sk->sk_shutdown & SEND_SHUTDOWN))
		sock_wake_async(wq, SOCK_WAKE_SPACE, POLL_OUT);
	rcu_read_unlock();
}
