// SPDX-License-Identifier: GPL-2.0
/*
 * One socket, several readers and writers: octets read are octets written, each
 * once, in order, wherever the code lets go of the lock.
 */

#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/wait.h>
#include <xtcp/receive.h>
#include <xtcp/skb.h>
#include <xtcp/socket.h>
#include "../wire.h"

enum sharing {
	ROUNDS = 300,
	MOST = 1500,		/* octets of one write */
	MOST_READ = 4 * MOST,	/* of one read, as a rule more than there are */
	STREAM = 2 * ROUNDS * MOST,
	WRITERS = 3,
	WRITES = 40,
};

/*
 * A reader that is at the socket whenever its lock is let go, and whenever text
 * comes while nobody has it: the waiters of both are called under the spinlock.
 */
struct rival {
	struct wire *w;
	struct sock *sk;
	wait_queue_entry_t at_release;
	wait_queue_entry_t at_text;
	struct rnd_state random;
	u8 *taken;		/* by offset in the stream */
	unsigned int reads;
	unsigned int wrong;
};

static u32 random_to(struct rnd_state *random, u32 most)
{
	return prandom_u32_state(random) % (most + 1);
}

/* Of the stream to B, what precedes the next octet to read. */
static u32 consumed(const struct sock *sk)
{
	return xtcp_sk(sk)->rcv.copied_seq - xtcp_sk(sk)->tcb.irs - 1;
}

static u8 octet_at(struct sock *sk, u32 seq)
{
	struct sk_buff *skb;
	u8 octet = 0;

	skb_queue_walk(&sk->sk_receive_queue, skb) {
		if (seq - XTCP_SKB_CB(skb)->seq >= XTCP_SKB_CB(skb)->end_seq - XTCP_SKB_CB(skb)->seq)
			continue;
		skb_copy_bits(skb, seq - XTCP_SKB_CB(skb)->seq, &octet, 1);
		break;
	}
	return octet;
}

static void rival_reads(struct rival *rival)
{
	struct sock *sk = rival->sk;
	u32 seq = xtcp_sk(sk)->rcv.copied_seq, at = consumed(sk), i;
	u32 n = min(xtcp_unread(sk), random_to(&rival->random, 40));

	if (sock_owned_by_user_nocheck(sk) || !n)
		return;
	for (i = 0; i < n; i++) {
		rival->wrong += octet_at(sk, seq + i) != wire_octet(A, at + i);
		rival->wrong += rival->taken[at + i];
		rival->taken[at + i] = 1;
	}
	xtcp_receive_consume(sk, seq + n);
	rival->reads++;
}

static int at_release(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	rival_reads(container_of(entry, struct rival, at_release));
	return 0;
}

static int at_text(wait_queue_entry_t *entry, unsigned int mode, int sync, void *key)
{
	rival_reads(container_of(entry, struct rival, at_text));
	return 0;
}

static struct rival *rival_comes(struct kunit *test, struct wire *w)
{
	struct rival *rival = kunit_kzalloc(test, sizeof(*rival), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rival);
	rival->taken = kunit_kzalloc(test, STREAM, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rival->taken);
	rival->w = w;
	rival->sk = w->side[B].sock->sk;
	prandom_seed_state(&rival->random, 17);
	init_waitqueue_func_entry(&rival->at_release, at_release);
	init_waitqueue_func_entry(&rival->at_text, at_text);
	add_wait_queue(&rival->sk->sk_lock.wq, &rival->at_release);
	add_wait_queue(sk_sleep(rival->sk), &rival->at_text);
	return rival;
}

static void rival_goes(struct rival *rival)
{
	remove_wait_queue(&rival->sk->sk_lock.wq, &rival->at_release);
	remove_wait_queue(sk_sleep(rival->sk), &rival->at_text);
}

/* What came while someone had the lock, and is left to the next who has it. */
static void into_backlog(struct wire *w, struct sock *sk)
{
	lock_sock(sk);
	wire_run_ms(w, 15);
	spin_lock_bh(&sk->sk_lock.slock);
	sock_release_ownership(sk);
	spin_unlock_bh(&sk->sk_lock.slock);
}

/* Where @text may stand in the stream, from @first to @last on. */
static bool found_between(const u8 *text, int n, u32 first, u32 last)
{
	u32 at;
	int i;

	for (at = first; at <= last; at++) {
		for (i = 0; i < n && text[i] == wire_octet(A, at + i); i++)
			;
		if (i == n)
			return true;
	}
	return false;
}

/* Our own next octets are those that the rival did not take. @next: so far. */
static bool ours_in_order(const struct rival *rival, const u8 *text, int n, u32 *next)
{
	int i;

	for (i = 0; i < n; i++, (*next)++) {
		while (rival->taken[*next])
			(*next)++;
		if (text[i] != wire_octet(A, *next))
			return false;
	}
	while (rival->taken[*next])
		(*next)++;
	return *next == consumed(rival->sk);
}

static int read_some(struct wire *w, struct rival *rival, u8 *text, int flags)
{
	struct msghdr msg = { };
	struct kvec vec = { .iov_base = text, .iov_len = 1 + random_to(&rival->random, MOST_READ - 1) };

	WRITE_ONCE(rival->sk->sk_rcvlowat, 1 + random_to(&rival->random, 100));
	return kernel_recvmsg(w->side[B].sock, &msg, &vec, 1, vec.iov_len, flags);
}

static const int flags_of_readers[] = {
	0, MSG_DONTWAIT, MSG_WAITALL, MSG_WAITALL | MSG_DONTWAIT,
	MSG_PEEK, MSG_PEEK | MSG_DONTWAIT, MSG_PEEK | MSG_WAITALL,
};

/* One call beside the rival. False: octets twice, not at all, or not in order. */
static bool read_beside(struct wire *w, struct rival *rival, u8 *text, u32 *next)
{
	int flags = flags_of_readers[random_to(&rival->random,
					       ARRAY_SIZE(flags_of_readers) - 1)];
	u32 first = consumed(rival->sk);
	int n = read_some(w, rival, text, flags);

	if (flags & MSG_PEEK)
		return found_between(text, max(n, 0), first, consumed(rival->sk)) &&
		       ours_in_order(rival, text, 0, next);
	return ours_in_order(rival, text, max(n, 0), next);
}

static void readers__each_octet_once(struct kunit *test)
{
	u8 *text = kunit_kzalloc(test, MOST_READ, GFP_KERNEL);
	struct wire *w = test->priv;
	struct rival *rival;
	u32 next = 0, i;

	KUNIT_ASSERT_NOT_NULL(test, text);
	wire_establish(w);
	rival = rival_comes(test, w);
	rival->sk->sk_rcvtimeo = msecs_to_jiffies(30);
	for (i = 0; i < ROUNDS; i++) {
		wire_send(w, A, 1 + random_to(&rival->random, MOST - 1));
		if (random_to(&rival->random, 1))
			wire_run_ms(w, 15);
		wire_send(w, A, 1 + random_to(&rival->random, MOST - 1));
		if (random_to(&rival->random, 1))
			into_backlog(w, rival->sk);
		if (!read_beside(w, rival, text, &next))
			break;
	}
	WIRE_EQ(w, i, ROUNDS);
	rival_goes(rival);
	WIRE_EQ(w, rival->wrong, 0);
	WIRE_EQ(w, rival->reads > ROUNDS / 2, true);
	rival->sk->sk_rcvtimeo = 0;
}

/* Octets of a writer: its number and, in six bits, which of its octets it is. */
struct writer {
	struct wire *w;
	struct completion done;
	unsigned int number;
	unsigned int written;
	bool failed;
};

static int writer_main(void *data)
{
	struct writer *writer = data;
	struct rnd_state random;
	u8 text[MOST / 2];
	unsigned int i;
	int n, j;

	prandom_seed_state(&random, writer->number);
	for (i = 0; i < WRITES && !writer->failed; i++) {
		struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
		struct kvec vec = { .iov_base = text };

		n = 1 + random_to(&random, sizeof(text) - 1);
		for (j = 0; j < n; j++)
			text[j] = writer->number << 6 | ((writer->written + j) & 63);
		vec.iov_len = n;
		writer->failed = kernel_sendmsg(writer->w->side[A].sock, &msg, &vec, 1, n) != n;
		writer->written += n;
	}
	complete(&writer->done);
	return 0;
}

static void start_writer(struct wire *w, struct writer *writer, unsigned int number)
{
	struct task_struct *task;

	writer->w = w;
	writer->number = number;
	init_completion(&writer->done);
	task = kthread_run(writer_main, writer, "writer/%u", number);
	KUNIT_ASSERT_FALSE(w->test, IS_ERR(task));
}

/* Each writer's octets in its order, whatever stands between them. */
static unsigned int count_wrong(const u8 *text, int n, unsigned int *seen)
{
	unsigned int wrong = 0;
	int i;

	for (i = 0; i < n; i++)
		wrong += (text[i] & 63) != (seen[text[i] >> 6]++ & 63);
	return wrong;
}

static void writers__each_octet_once(struct kunit *test)
{
	struct writer *writers = kunit_kcalloc(test, WRITERS, sizeof(*writers), GFP_KERNEL);
	u8 *text = kunit_kzalloc(test, MOST, GFP_KERNEL);
	unsigned int seen[4] = { }, wrong = 0, i, quiet = 0;
	struct wire *w = test->priv;
	int n;

	KUNIT_ASSERT_NOT_NULL(test, writers);
	KUNIT_ASSERT_NOT_NULL(test, text);
	wire_establish(w);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 8192), 0);
	for (i = 0; i < WRITERS; i++)
		start_writer(w, &writers[i], i);
	while (quiet < 1000) {
		struct msghdr msg = { };
		struct kvec vec = { .iov_base = text, .iov_len = MOST };

		wire_run_ms(w, 1);
		n = kernel_recvmsg(w->side[B].sock, &msg, &vec, 1, MOST, MSG_DONTWAIT);
		quiet = n > 0 ? 0 : quiet + 1;
		wrong += count_wrong(text, max(n, 0), seen);
	}
	for (i = 0; i < WRITERS; i++) {
		wait_for_completion(&writers[i].done);
		WIRE_EQ(w, writers[i].failed, false);
		WIRE_EQ(w, seen[i], writers[i].written);
	}
	WIRE_EQ(w, wrong, 0);
}

/* One that waits for more than there is. */
struct sleeper {
	struct socket *sock;
	struct completion done;
	int ret;
};

static int sleeper_main(void *data)
{
	struct sleeper *sleeper = data;
	u8 text[200];
	struct kvec vec = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = { };

	sleeper->ret = kernel_recvmsg(sleeper->sock, &msg, &vec, 1, sizeof(text), MSG_WAITALL);
	complete(&sleeper->done);
	return 0;
}

/* Another one ended the connection meanwhile: there is no one to tell of the room. */
static void reader__connection_is_gone(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sleeper sleeper = { .sock = w->side[B].sock };

	init_completion(&sleeper.done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(sleeper_main, &sleeper, "sleeper")));
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, call_disconnect(sleeper.sock), 0);
	wait_for_completion(&sleeper.done);
	WIRE_EQ(w, sleeper.ret, 100);
	WIRE_EQ(w, wire_xs(w, B)->stats.segs_out, 0);
}

static int urgent_writer_main(void *data)
{
	struct sleeper *sleeper = data;
	static u8 text[50000];
	struct kvec vec = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = { .msg_flags = MSG_OOB | MSG_NOSIGNAL };

	sleeper->ret = kernel_sendmsg(sleeper->sock, &msg, &vec, 1, sizeof(text));
	complete(&sleeper->done);
	return 0;
}

/* And began the next: what was urgent is so to no one any more. */
static void writer__connection_is_another_one(struct kunit *test)
{
	struct sleeper sleeper = { };
	struct wire *w = test->priv;

	wire_knob(w, isn_tick_ns, NSEC_PER_MSEC);	/* the next one's numbers are not far */
	wire_connected(test);
	sleeper.sock = w->side[A].sock;
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 8192), 0);
	init_completion(&sleeper.done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(urgent_writer_main, &sleeper, "sleeper")));
	wire_run_ms(w, 1);
	WIRE_EQ(w, call_disconnect(sleeper.sock), 0);
	WIRE_EQ(w, wire_connect_sock(w, sleeper.sock, B, O_NONBLOCK), -EINPROGRESS);
	wait_for_completion(&sleeper.done);
	WIRE_EQ(w, sleeper.ret > 0, true);
	WIRE_STATE(w, A, SYN_SENT);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_urgent, false);
}

/* One that reads what comes, and then answers, waits for more, or does something else. */
struct reader {
	struct socket *sock;
	struct completion done;
	bool answers;
	bool waits_on;
};

static int reader_main(void *data)
{
	struct reader *reader = data;
	u8 text[200];
	struct kvec vec = { .iov_base = text, .iov_len = sizeof(text) };
	struct msghdr msg = { };

	kernel_recvmsg(reader->sock, &msg, &vec, 1, sizeof(text), 0);
	vec = (struct kvec){ .iov_base = text, .iov_len = 50 };
	if (reader->answers)
		kernel_sendmsg(reader->sock, &msg, &vec, 1, 50);
	if (reader->waits_on)
		kernel_recvmsg(reader->sock, &msg, &vec, 1, 50, 0);
	complete(&reader->done);
	return 0;
}

/* B sleeps in recv() when 100 octets come, of a new connection. */
static void text_for(struct kunit *test, struct reader *reader)
{
	struct wire *w = wire_connected(test);

	reader->sock = w->side[B].sock;
	init_completion(&reader->done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(reader_main, reader, "reader")));
	wire_run_ms(w, 1);
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 200);
	if (reader->waits_on)
		WIRE_EQ(w, call_disconnect(reader->sock), 0);
	wait_for_completion(&reader->done);
}

/* No segment goes for the acknowledgment alone. */
static void reader__answers(struct kunit *test)
{
	struct reader reader = { .answers = true, .waits_on = true };
	struct wire *w = test->priv;

	text_for(test, &reader);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 1);
}

/* Who sent it may wait, too: for the acknowledgment (Nagle), which is not delayed. */
static void reader__waits_for_more(struct kunit *test)
{
	struct reader reader = { .waits_on = true };

	text_for(test, &reader);
	WIRE_EXPECT((struct wire *)test->priv,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n"
		    "0.200 ... <- R. 1 ack 101           <- ESTABLISHED\n");
}

static void reader__goes_away(struct kunit *test)
{
	struct reader reader = { };
	struct wire *w = test->priv;

	text_for(test, &reader);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:101 ack 1 -> ESTABLISHED\n"
		    "0.011 ESTABLISHED <- . 1 ack 101    <- ESTABLISHED\n");
	/* And what comes when no one sleeps is acknowledged at once. */
	wire_epoch(w);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 101:201 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 201      <- ESTABLISHED\n");
}

WIRE_SUITES(xtcp_sharing_wire,
	KUNIT_CASE_SLOW(readers__each_octet_once),
	KUNIT_CASE_SLOW(writers__each_octet_once),
	KUNIT_CASE_SLOW(reader__connection_is_gone),
	KUNIT_CASE_SLOW(reader__answers),
	KUNIT_CASE_SLOW(reader__waits_for_more),
	KUNIT_CASE_SLOW(reader__goes_away),
	KUNIT_CASE_SLOW(writer__connection_is_another_one),
	{ }
);
