// What etcdctl 3.4 prints, word for word, and what is none of it.
#include "core/etcd_reply.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"

using namespace ess;

TEST_CASE("etcd: a get, with and without keys") {
    const auto reply = read_etcd_get(
        R"({"header":{"cluster_id":5841050938184694285,"member_id":13195394291058371180,"revision":5,"raft_term":2},)"
        R"("kvs":[{"key":"L3EvdHJpcA==","create_revision":3,"mod_revision":3,"version":1,)"
        R"("value":"c3RvcCAibm93IiDDvA=="}],"count":1})"
        "\n");
    REQUIRE(reply);
    CHECK(reply->cluster_id == 5841050938184694285U);
    CHECK(reply->revision == 5);
    REQUIRE(reply->items.size() == 1);
    CHECK(reply->items[0].key == "/q/trip");
    CHECK(reply->items[0].value == "stop \"now\" ü");
    CHECK(reply->items[0].mod_revision == 3);
    CHECK_FALSE(reply->items[0].deleted);
    const auto none = read_etcd_get(R"({"header":{"cluster_id":1,"member_id":1,"revision":1,"raft_term":2}})");
    REQUIRE(none);
    CHECK(none->items.empty());
}

TEST_CASE("etcd: the events of a watch: a put, a put of nothing, a removal") {
    const auto put = read_etcd_watch(
        R"({"Header":{"cluster_id":5,"member_id":1,"revision":3,"raft_term":2},"Events":[{"kv":{"key":"L3EvdHJpcA==",)"
        R"("create_revision":3,"mod_revision":3,"version":1,"value":"eA=="}},{"kv":{"key":"L3EvdHJpcDI=",)"
        R"("create_revision":3,"mod_revision":3,"version":1}},{"type":1,"kv":{"key":"L3EvdHJpcDI=","mod_revision":5}}],)"
        R"("CompactRevision":0,"Canceled":false,"Created":false})");
    REQUIRE(put);
    REQUIRE(put->items.size() == 3);
    CHECK(put->items[0].value == "x");
    CHECK(put->items[1].key == "/q/trip2");
    CHECK(put->items[1].value.empty());
    CHECK_FALSE(put->items[1].deleted);
    CHECK(put->items[2].deleted);
    CHECK(put->items[2].mod_revision == 5);
}

TEST_CASE("etcd: the last of a watch that etcd ends has nothing in it, and is no fault") {
    const auto last =
        read_etcd_watch(R"({"Header":{},"Events":null,"CompactRevision":0,"Canceled":true,"Created":false})");
    REQUIRE(last);
    CHECK(last->items.empty());
    CHECK(last->revision == 0);
    CHECK_FALSE(read_etcd_watch(R"({"Header":{},"Events":null,"CompactRevision":0,"Canceled":false,"Created":false})"));
}

TEST_CASE("etcd: a lease, as etcdctl takes it back") {
    const auto lease = read_etcd_lease(
        R"({"cluster_id":5841050938184694285,"member_id":1,"revision":5,"raft_term":2,"ID":7668682488132818693,"TTL":30,)"
        R"("Error":""})");
    REQUIRE(lease);
    CHECK(*lease == "6a6ca217b06a5705");
    CHECK_FALSE(read_etcd_lease(R"({"ID":0})"));
    CHECK_FALSE(read_etcd_lease(R"({"ID":-5})"));
    CHECK_FALSE(read_etcd_lease("lease 6a6c granted with TTL(30s)"));
}

TEST_CASE("etcd: whether the comparisons of a transaction held") {
    const auto held = read_etcd_txn(R"({"header":{"cluster_id":1,"revision":4},"succeeded":true,"responses":[]})");
    REQUIRE(held);
    CHECK(*held);
    const auto not_held = read_etcd_txn(R"({"header":{"cluster_id":1,"revision":4},"responses":[]})");
    REQUIRE(not_held);
    CHECK_FALSE(*not_held);
    CHECK_FALSE(read_etcd_txn(R"({"succeeded":true})"));
}

TEST_CASE("etcd: what is no reply is none, and never a reply without keys") {
    for (const char* const text :
         {"", "OK", "null", "[]", "{}", R"({"header":5})", R"({"header":{"cluster_id":1}})",
          R"({"header":{"revision":1},"kvs":[5]})", R"({"header":{"revision":1},"kvs":[{"key":"","value":"eA=="}]})",
          R"({"header":{"revision":1},"kvs":[{"key":"*","value":"eA=="}]})",
          R"({"header":{"revision":1},"kvs":[{"key":"eA==","value":"*"}]})",
          R"({"header":{"revision":1,"revision":2}})"}) {
        CAPTURE(text);
        CHECK_FALSE(read_etcd_get(text));
    }
    for (const char* const text :
         {"", R"({"header":{"revision":1}})", R"({"Header":{"revision":1},"Events":[5]})",
          R"({"Header":{"revision":1},"Events":[{}]})", R"({"Header":{"revision":1},"Events":[{"kv":{}}]})"}) {
        CAPTURE(text);
        CHECK_FALSE(read_etcd_watch(text));
    }
}
