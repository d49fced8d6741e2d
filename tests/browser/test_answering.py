"""The inbox at work: replies become private threads, answers go to one member, notes to none, colleagues see each other."""

from playwright.async_api import expect

from tests.browser.house import House


async def test_each_answer_goes_to_the_member_it_is_for(house: House) -> None:
    slug = (await house.community())["slug"]
    ada, ben = await house.member(slug), await house.member(slug)
    desk = await house.desk("agent")
    to_ada, to_ben = await house.reader(slug, ada), await house.reader(slug, ben)
    await desk.open(slug, "inbox", "open")
    await to_ada.open()
    await to_ben.open()

    await to_ada.writes("Is the sauna open at least?")
    await to_ben.writes("Until when?")
    await expect(desk.counted("inbox")).to_contain_text("2")
    await desk.sees(desk.row(ada.pseudonym), desk.row(ben.pseudonym))
    await desk.row(ada.pseudonym).click()
    await desk.sees(desk.entry("Is the sauna open at least?"))
    await desk.answers(ada.pseudonym, "It is, from ten.")
    await desk.row(ben.pseudonym).click()
    await desk.answers(ben.pseudonym, "Until Friday.")

    await to_ada.sees(to_ada.item("It is, from ten."))
    await to_ben.sees(to_ben.item("Until Friday."))
    await house.cast.post(slug, "Until tomorrow.")  # what comes last has nothing behind it
    for reader in (to_ada, to_ben):
        await reader.sees(reader.item("Until tomorrow."))
    await to_ada.sees_no(to_ada.said("Until when?"), to_ada.said("Until Friday."))
    await to_ben.sees_no(to_ben.said("Is the sauna open at least?"), to_ben.said("It is, from ten."))


async def test_a_note_stays_among_colleagues(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "I lost my key.")
    eva, jonas = await house.desk("agent", "Eva"), await house.desk("agent", "Jonas")
    reader = await house.reader(slug, ada)
    await reader.open()
    for desk in (eva, jonas):
        await desk.open(slug, "inbox", "open")
        await desk.row(ada.pseudonym).click()
        await desk.sees(desk.entry("I lost my key."))

    await eva.button("note").click()
    await eva.field("note.act").fill("She has lost it before.")
    await eva.button("note.act").click()
    await jonas.sees(jonas.entry("She has lost it before."))
    await eva.button("answer").click()
    await eva.answers(ada.pseudonym, "We have found it.")

    await reader.sees(reader.item("We have found it."))
    await reader.sees_no(reader.said("She has lost it before."))


async def test_a_colleague_sees_who_is_answering(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Is it warm today?")
    eva, jonas = await house.desk("agent", "Eva"), await house.desk("agent", "Jonas")
    await jonas.open(slug, "inbox", "open")
    await jonas.sees(jonas.row(ada.pseudonym))
    await eva.open(slug, "inbox", "open")
    await eva.row(ada.pseudonym).click()

    await eva.field("answer.act", name=ada.pseudonym).fill("Twenty-")

    await expect(jonas.row(ada.pseudonym)).to_contain_text(jonas.words("lease", name=eva.person.name))
    await jonas.row(ada.pseudonym).click()
    composer = jonas.page.get_by_role("form", name=jonas.words("composer"))
    await expect(composer).to_contain_text(jonas.words("lease", name=eva.person.name))
    await eva.answers(ada.pseudonym, "Twenty-four degrees.")
    await eva.counted("posts").focus()
    await expect(composer).not_to_contain_text(jonas.words("lease", name=eva.person.name))
    await jonas.sees(jonas.entry("Twenty-four degrees."))


async def test_what_is_done_leaves_the_list_and_comes_back_with_a_new_message(house: House) -> None:
    slug = (await house.community())["slug"]
    ada = await house.member(slug)
    await house.says(ada, "Thanks for everything.")
    desk = await house.desk("agent", language="de")
    await desk.open(slug, "inbox", "open")
    await desk.row(ada.pseudonym).click()

    await desk.button("thread.close").click()
    await desk.sees(desk.text("inbox.done"))
    await house.says(ada, "One more thing.")

    await desk.sees(desk.row(ada.pseudonym))
    await expect(desk.row(ada.pseudonym)).to_contain_text("One more thing.")
