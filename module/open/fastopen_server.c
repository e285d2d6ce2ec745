// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open (RFC 7413) of a server. It proves to itself by a cookie that a client has
 * been where its address says; after that a SYN with that cookie opens the connection:
 * its text is delivered, and the server may answer, before the handshake is complete. The
 * child is in SYN_RCVD until then, has its place in the accept queue, and counts against
 * TCP_FASTOPEN of its listener (engine/fastopen.c).
 *
 * A cookie is siphash over both addresses, by the same function as the kernel's
 * TCP: servers of both kinds behind one address may share a key. The second key
 * lets cookies made with the one before live on while keys are exchanged.
 */

#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/tcp.h>
#include <xtcp/compat.h>
#include <xtcp/fastopen.h>
#include <xtcp/listener.h>
#include <xtcp/sock.h>

bool xtcp_fastopen_enabled(const struct sock *sk, u32 bits)
{
	return xtcp_knob(xtcp_sk_net(sk), fastopen) & bits;
}

/* ip-route(8): fastopen_no_cookie. */
bool xtcp_fastopen_route_needs_none(const struct dst_entry *dst)
{
	return dst && dst_metric(dst, RTAX_FASTOPEN_NO_COOKIE);
}

/* --- keys ---------------------------------------------------------------------- */

static struct xtcp_fastopen_keys *alloc_keys(const u8 *octets, unsigned int count)
{
	struct xtcp_fastopen_keys *keys = kzalloc(sizeof(*keys), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!keys)
		return NULL;
	keys->count = count;
	for (i = 0; i < count; i++, octets += XTCP_FASTOPEN_KEY_LEN) {
		keys->key[i].key[0] = get_unaligned_le64(octets);
		keys->key[i].key[1] = get_unaligned_le64(octets + 8);
	}
	return keys;
}

static unsigned int keys_to_octets(const struct xtcp_fastopen_keys *keys, u8 *octets)
{
	unsigned int i;

	for (i = 0; i < keys->count; i++, octets += XTCP_FASTOPEN_KEY_LEN) {
		put_unaligned_le64(keys->key[i].key[0], octets);
		put_unaligned_le64(keys->key[i].key[1], octets + 8);
	}
	return keys->count * XTCP_FASTOPEN_KEY_LEN;
}

static void free_keys(struct xtcp_fastopen_keys *keys)
{
	if (keys)
		kfree_rcu(keys, rcu);
}

static void change_keys(struct xtcp_fastopen_keys __rcu **place,
			struct xtcp_fastopen_keys *keys)
{
	free_keys(unrcu_pointer(xchg(place, RCU_INITIALIZER(keys))));
}

int xtcp_fastopen_init(struct xtcp_net *xn)
{
	u8 random[XTCP_FASTOPEN_KEY_LEN];
	struct xtcp_fastopen_keys *keys;

	get_random_bytes(random, sizeof(random));
	keys = alloc_keys(random, 1);
	if (!keys)
		return -ENOMEM;
	RCU_INIT_POINTER(xn->fastopen.keys, keys);
	xtcp_fastopen_cache_init(&xn->fastopen);
	return 0;
}

void xtcp_fastopen_exit(struct xtcp_net *xn)
{
	xtcp_fastopen_cache_exit(&xn->fastopen);
	change_keys(&xn->fastopen.keys, NULL);
}

int xtcp_fastopen_set_key(struct sock *sk, sockptr_t val, unsigned int len)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	struct xtcp_fastopen_keys *keys;
	struct xtcp_own *own;

	if (len != XTCP_FASTOPEN_KEY_LEN && len != sizeof(octets))
		return -EINVAL;
	if (copy_from_sockptr(octets, val, len))
		return -EFAULT;
	own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);
	keys = own ? alloc_keys(octets, len / XTCP_FASTOPEN_KEY_LEN) : NULL;
	if (!keys)
		return -ENOMEM;
	change_keys(&own->fastopen.keys, keys);
	return 0;
}

unsigned int xtcp_fastopen_get_key(struct sock *sk, u8 *octets)
{
	struct xtcp_fastopen_keys *keys;
	unsigned int len;

	rcu_read_lock();
	keys = rcu_dereference(xtcp_sk(sk)->own->fastopen.keys);
	len = keys ? keys_to_octets(keys, octets) : 0;
	rcu_read_unlock();
	return len;
}

/* A key in words, as the kernel's tcp_fastopen_key: 8 digits, a dash, and so on. */
enum { KEY_WORDS = XTCP_FASTOPEN_KEY_LEN / 4, KEY_TEXT = 9 * KEY_WORDS };

static void print_keys(const struct xtcp_net *xn, char *text)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	unsigned int i, len;

	rcu_read_lock();
	len = keys_to_octets(rcu_dereference(xn->fastopen.keys), octets);
	rcu_read_unlock();
	for (i = 0; i < len / 4; i++)
		text += sprintf(text, "%s%08x", !i ? "" : i % KEY_WORDS ? "-" : ",",
				get_unaligned_le32(octets + 4 * i));
}

/* Digits and nothing else; the number of words must be right. */
static bool scan_key(const char *text, u8 *octets)
{
	u32 word[KEY_WORDS];
	int i, end = 0;

	if (sscanf(text, "%8x-%8x-%8x-%8x%n", word, word + 1, word + 2, word + 3,
		   &end) != KEY_WORDS || text[end])
		return false;
	for (i = 0; i < KEY_WORDS; i++)
		put_unaligned_le32(word[i], octets + 4 * i);
	return true;
}

static int scan_keys(struct xtcp_net *xn, char *text)
{
	u8 octets[XTCP_FASTOPEN_KEYS * XTCP_FASTOPEN_KEY_LEN];
	struct xtcp_fastopen_keys *keys;
	unsigned int count = 0;
	char *key;

	while ((key = strsep(&text, ","))) {
		if (count == XTCP_FASTOPEN_KEYS ||
		    !scan_key(key, octets + count * XTCP_FASTOPEN_KEY_LEN))
			return -EINVAL;
		count++;
	}
	keys = alloc_keys(octets, count);
	if (!keys)
		return -ENOMEM;
	change_keys(&xn->fastopen.keys, keys);
	return 0;
}

static int handle_keys(XTCP_CTL_CONST struct ctl_table *ctl, int write, void *buffer,
		       size_t *lenp, loff_t *ppos)
{
	char text[XTCP_FASTOPEN_KEYS * KEY_TEXT + 1] = "";
	struct xtcp_net *xn = ctl->extra1;
	struct ctl_table own = *ctl;
	int err;

	if (!write)
		print_keys(xn, text);
	own.data = text;
	own.maxlen = sizeof(text);
	err = proc_dostring(&own, write, buffer, lenp, ppos);
	return err || !write ? err : scan_keys(xn, text);
}

void xtcp_fastopen_key_row(struct xtcp_net *xn, struct ctl_table *row)
{
	row->procname = "fastopen_key";
	row->data = &xn->fastopen;
	row->maxlen = sizeof(u32);
	row->mode = 0600;
	row->proc_handler = handle_keys;
	row->extra1 = xn;
}

/* --- server: cookies ----------------------------------------------------------- */

/* RFC 7413 4.1.2: as in the header, the client's address first. */
static void make_cookie(const struct xtcp_flow *flow, const siphash_key_t *key, u8 *octets)
{
	unsigned int half = xtcp_flow_addrs_len(flow->family) / 2;
	const u8 *addrs = xtcp_flow_addrs(flow);
	u8 input[sizeof(struct xtcp_addrs6)];

	memcpy(input, addrs + half, half);
	memcpy(input + half, addrs, half);
	put_unaligned_le64(siphash(input, 2 * half, key), octets);
}

/*
 * By which key was it made: 1, 2, or 0 for none. @fresh is one by the first key.
 * RCU.
 */
static int check_cookie(const struct sock *listener, const struct xtcp_flow *flow,
			const struct xtcp_options *opt, u8 *fresh)
{
	const struct xtcp_fastopen_keys *keys =
		rcu_dereference(xtcp_sk(listener)->own->fastopen.keys) ?:
		rcu_dereference(xtcp_sk_net(listener)->fastopen.keys);
	u8 octets[XTCP_FASTOPEN_COOKIE_LEN];
	unsigned int i;

	make_cookie(flow, &keys->key[0], fresh);
	if (opt->cookie_len != XTCP_FASTOPEN_COOKIE_LEN)
		return 0;
	for (i = 0; i < keys->count; i++) {
		make_cookie(flow, &keys->key[i], octets);
		if (!memcmp(octets, opt->cookie, sizeof(octets)))
			return i + 1;
	}
	return 0;
}

static bool needs_no_cookie(const struct sock *listener, const struct dst_entry *dst)
{
	return xtcp_fastopen_enabled(listener, XTCP_FASTOPEN_SERVER_NO_COOKIE) ||
	       xtcp_sk(listener)->own->fastopen.no_cookie || xtcp_fastopen_route_needs_none(dst);
}

int xtcp_fastopen_limit(struct sock *sk, unsigned int max)
{
	struct xtcp_own *own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);

	if (!own)
		return -ENOMEM;
	WRITE_ONCE(own->fastopen.early_max,
		   min_t(unsigned int, max, READ_ONCE(sock_net(sk)->core.sysctl_somaxconn)));
	return 0;
}

int xtcp_fastopen_listen(struct sock *sk, int backlog)
{
	if (xtcp_fastopen_enabled(sk, XTCP_FASTOPEN_SERVER_ALL) &&
	    !xtcp_sk(sk)->own->fastopen.early_max)
		return xtcp_fastopen_limit(sk, backlog);
	return 0;
}

void xtcp_fastopen_free(struct sock *sk)
{
	struct xtcp_own *own = xtcp_own(sk);

	if (own)
		change_keys(&own->fastopen.keys, NULL);
}

/* 1, 2: the cookie is good, by that key; 3: none is needed. Then @cookie is fresh. */
static int judge(struct sock *listener, const struct xtcp_flow *flow,
		 const struct xtcp_segment *syn, const struct dst_entry *dst,
		 struct xtcp_fastopen_cookie *cookie)
{
	struct xtcp_net *xn = xtcp_sk_net(listener);
	int key;

	if (needs_no_cookie(listener, dst))
		return 3;
	if (!syn->opt.has_fastopen)
		return 0;
	cookie->experiment = syn->opt.experiment;
	cookie->len = XTCP_FASTOPEN_COOKIE_LEN;
	key = check_cookie(listener, flow, &syn->opt, cookie->octets);
	if (!syn->opt.cookie_len)
		xtcp_count(xn, XTCP_CNT_FASTOPEN_COOKIES_ASKED);
	else if (!key)
		xtcp_count(xn, XTCP_CNT_FASTOPEN_PASSIVE_FAILS);
	else if (key == 2)
		xtcp_count(xn, XTCP_CNT_FASTOPEN_OLD_KEY);
	return key;
}

bool xtcp_fastopen_admit(struct xtcp_listener *listener, const struct xtcp_flow *flow,
			 const struct xtcp_segment *syn, const struct dst_entry *dst,
			 struct xtcp_fastopen_cookie *cookie)
{
	struct sock *sk = listener->sk;
	int key;

	*cookie = (struct xtcp_fastopen_cookie){ };
	if ((!syn->opt.has_fastopen && !syn->text_len) ||
	    !READ_ONCE(xtcp_sk(sk)->own->fastopen.early_max) ||
	    !xtcp_fastopen_enabled(sk, XTCP_FASTOPEN_SERVER) ||
	    xtcp_sk_knob(sk, handshake_ways) != 3)
		return false;
	key = judge(sk, flow, syn, dst, cookie);
	if (!key)
		return false;
	/* The client has this one already; one by the old key is replaced. */
	if (key == 1)
		cookie->len = 0;
	return xtcp_fastopen_reserve(listener);
}
