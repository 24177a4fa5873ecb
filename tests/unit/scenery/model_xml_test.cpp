#include "model_xml.h"

#include <gtest/gtest.h>

namespace scenery::test
{
namespace
{

TEST(ModelXml, MainModelAndNestedOnes)
{
    const ModelXml xml = ParseModelXml("<?xml version=\"1.0\"?>\n<!-- <path>no.ac</path> -->\n<PropertyList>\n"
                                       " <path> tower.ac </path>\n"
                                       " <animation><type>spin</type><center><x-m>9</x-m></center></animation>\n"
                                       " <offsets><z-m>-1.5</z-m><heading-deg>90</heading-deg></offsets>\n"
                                       " <model n=\"1\"><path>lamp.xml</path><offsets><x-m>2</x-m></offsets></model>\n"
                                       " <model><name>empty</name></model>\n"
                                       "</PropertyList>");
    ASSERT_EQ(xml.parts.size(), 2U);
    EXPECT_EQ(xml.parts[0].path, "tower.ac");
    EXPECT_FLOAT_EQ(xml.parts[0].offsetMeters.z, -1.5F);
    EXPECT_FLOAT_EQ(xml.parts[0].headingDegrees, 90.0F);
    EXPECT_EQ(xml.parts[1].path, "lamp.xml");
    EXPECT_FLOAT_EQ(xml.parts[1].offsetMeters.x, 2.0F);
    EXPECT_FLOAT_EQ(xml.parts[1].offsetMeters.z, 0.0F);
    EXPECT_FALSE(xml.particles);
}

TEST(ModelXml, ParticlesAreKnown)
{
    const ModelXml xml = ParseModelXml("<PropertyList><particlesystem><path>x</path></particlesystem></PropertyList>");
    EXPECT_TRUE(xml.particles);
    EXPECT_TRUE(xml.parts.empty());
}

TEST(ModelXml, BrokenTextIsReadSafely)
{
    const std::string whole =
        "<?xml?><a><!--c--><path>p.ac</path><model><path>q</path><offsets><x-m>1e999</x-m></offsets></model></a>";
    for (std::size_t size = 0; size <= whole.size(); ++size)
    {
        ParseModelXml(whole.substr(0, size));
        ParseModelXml(whole.substr(size));
    }
    EXPECT_TRUE(ParseModelXml("</a></b></c><path>x").parts.empty());
}

} // namespace
} // namespace scenery::test
