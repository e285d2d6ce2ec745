// SPDX-License-Identifier: GPL-2.0
/*
 * What a client remembers of servers for Fast Open (RFC 7413 section 4.1.3):
 * cookie, MSS, and whether SYNs with text get there at all. A hash table and a
 * list by last use; the knob fastopen_cache bounds both.
 */

#include <linux/hash.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <xtcp/fastopen.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>

/* Entries that go at once; who forgets more lets others run in between. */
#define TRIM_BATCH 64

struct entry {
	struct hlist_node node;
	struct list_head recent;
	struct xtcp_addrs6 addrs;	/* the first octets, if they are IPv4's */
	u8 family;
	u8 protocol;			/* another one is another server */
	struct xtcp_fastopen_server server;
};

void xtcp_fastopen_cache_init(struct xtcp_fastopen_net *fn)
{
	int i;

	spin_lock_init(&fn->lock);
	INIT_LIST_HEAD(&fn->recent);
	for (i = 0; i < XTCP_FASTOPEN_BUCKETS; i++)
		INIT_HLIST_HEAD(&fn->buckets[i]);
}

static void forget_last(struct xtcp_fastopen_net *fn)
{
	struct entry *e = list_last_entry(&fn->recent, struct entry, recent);

	list_del(&e->recent);
	hlist_del(&e->node);
	fn->len--;
	kfree(e);
}

/* Under the lock. True: there are still more than @max. */
static bool trim(struct xtcp_fastopen_net *fn, unsigned int max)
{
	unsigned int n;

	for (n = 0; n < TRIM_BATCH && fn->len > max; n++)
		forget_last(fn);
	return fn->len > max;
}

static void trim_all(struct xtcp_fastopen_net *fn, unsigned int max)
{
	bool more;

	do {
		spin_lock_bh(&fn->lock);
		more = trim(fn, max);
		spin_unlock_bh(&fn->lock);
		cond_resched();
	} while (more);
}

void xtcp_fastopen_cache_trim(struct xtcp_net *xn)
{
	trim_all(&xn->fastopen, xtcp_knob(xn, fastopen_cache));
}

void xtcp_fastopen_cache_exit(struct xtcp_fastopen_net *fn)
{
	trim_all(fn, 0);
}

/* Keyed: servers choose the addresses. */
static struct hlist_head *bucket(struct xtcp_net *xn, const struct xtcp_flow *flow)
{
	u64 hash = siphash(xtcp_flow_addrs(flow), xtcp_flow_addrs_len(flow->family),
			   &xn->secrets.fastopen_cache);

	return &xn->fastopen.buckets[hash % XTCP_FASTOPEN_BUCKETS];
}

/* Under the lock. Found, it is the one used last. */
static struct entry *find(struct xtcp_net *xn, const struct xtcp_flow *flow)
{
	struct entry *e;

	hlist_for_each_entry(e, bucket(xn, flow), node) {
		if (e->family != flow->family || e->protocol != flow->protocol ||
		    memcmp(&e->addrs, xtcp_flow_addrs(flow),
			   xtcp_flow_addrs_len(flow->family)))
			continue;
		list_move(&e->recent, &xn->fastopen.recent);
		return e;
	}
	return NULL;
}

void xtcp_fastopen_recall(struct xtcp_net *xn, const struct xtcp_flow *flow,
			  struct xtcp_fastopen_server *server)
{
	struct entry *e;

	spin_lock_bh(&xn->fastopen.lock);
	e = find(xn, flow);
	*server = e ? e->server : (struct xtcp_fastopen_server){ };
	spin_unlock_bh(&xn->fastopen.lock);
}

static struct entry *add(struct xtcp_net *xn, const struct xtcp_flow *flow)
{
	struct entry *e = kzalloc(sizeof(*e), XTCP_GFP_QUIET);
	struct xtcp_fastopen_net *fn = &xn->fastopen;

	if (!e)
		return NULL;
	e->family = flow->family;
	e->protocol = flow->protocol;
	memcpy(&e->addrs, xtcp_flow_addrs(flow), xtcp_flow_addrs_len(flow->family));
	hlist_add_head(&e->node, bucket(xn, flow));
	list_add(&e->recent, &fn->recent);
	fn->len++;
	return e;
}

void xtcp_fastopen_remember(struct xtcp_net *xn, const struct xtcp_flow *flow,
			    const struct xtcp_fastopen_server *server)
{
	struct xtcp_fastopen_net *fn = &xn->fastopen;
	struct entry *e;

	spin_lock_bh(&fn->lock);
	e = find(xn, flow) ?: add(xn, flow);
	if (e)
		e->server = *server;
	trim(fn, xtcp_knob(xn, fastopen_cache));
	spin_unlock_bh(&fn->lock);
}
